import Heliograph
import HeliographKit
import SwiftUI

struct InboxView: View {
    private enum Part: String, Identifiable {
        case chat, group, search, connection, settings
        var id: String { rawValue }
    }

    @State private var screen: Inbox
    @State private var connection: ConnectionPanel
    @State private var sheet: Part?
    @Bindable private var front: Front
    private let session: Session

    init(front: Front, session: Session) {
        self.front = front
        self.session = session
        _screen = State(initialValue: Inbox(client: session.client))
        _connection = State(initialValue: ConnectionPanel(client: session.client))
    }

    var body: some View {
        NavigationStack(path: $front.path) {
            List(screen.conversations) { conversation in
                NavigationLink(value: conversation.id) { InboxRow(conversation: conversation) }
            }
            .overlay {
                if screen.isLoaded, screen.conversations.isEmpty {
                    ContentUnavailableView("No conversations yet", systemImage: "bubble.left.and.bubble.right")
                }
            }
            .safeAreaInset(edge: .top) {
                if connection.needsAttention {
                    Button {
                        sheet = .connection
                    } label: {
                        ConnectionLabel(connection: connection.connection)
                    }
                    .buttonStyle(.bordered)
                }
            }
            .navigationTitle("Conversations")
            .navigationDestination(for: ConversationID.self) { ChatView(session: session, id: $0) }
            .toolbar {
                ToolbarItem(placement: .topBarLeading) {
                    Button("Settings", systemImage: "gear") { sheet = .settings }
                }
                ToolbarItemGroup(placement: .topBarTrailing) {
                    Button("Search", systemImage: "magnifyingglass") { sheet = .search }
                    Menu("New conversation", systemImage: "square.and.pencil") {
                        Button("New chat") { sheet = .chat }
                        Button("New group") { sheet = .group }
                    }
                }
            }
            .sheet(item: $sheet, onDismiss: { front.link = nil }) { part($0) }
            .alert($screen.failure)
        }
        .task { await screen.listen() }
        .task { await connection.listen() }
        .onChange(of: front.link, initial: true) { _, link in if link != nil { sheet = .chat } }
        // A notification was touched: what lies above the conversations gives way.
        .onChange(of: front.path) { sheet = nil }
    }

    @ViewBuilder
    private func part(_ part: Part) -> some View {
        let client = session.client
        switch part {
        case .chat: NewChatView(screen: NewChat(client: client, link: front.link), opened: open)
        case .group: NewGroupView(screen: NewGroup(client: client), created: open)
        case .search: SearchView(screen: Search(client: client), chosen: open)
        case .connection: NavigationStack { ConnectionView(screen: connection) }
        case .settings:
            SettingsView(screen: session.settings(), connection: connection, announcements: session.announcements)
        }
    }

    private func open(_ conversation: ConversationID) {
        sheet = nil
        front.path = [conversation]
    }
}

private struct InboxRow: View {
    let conversation: Conversation

    var body: some View {
        HStack {
            VStack(alignment: .leading) {
                Text(verbatim: conversation.title).font(.headline)
                if let failure = conversation.failure {
                    Text(verbatim: failure.advice).font(.subheadline).foregroundStyle(.red)
                } else if let draft = conversation.draftLine {
                    Text("Draft: \(draft)").font(.subheadline).lineLimit(1)
                } else if let preview = conversation.preview {
                    Text(verbatim: preview.text).font(.subheadline).lineLimit(1)
                }
                if conversation.security == .plain {
                    Label("Not encrypted", systemImage: "lock.open").font(.subheadline)
                }
            }
            Spacer()
            VStack(alignment: .trailing) {
                if let activity = conversation.lastActivity {
                    Text(activity, format: .relative(presentation: .named)).font(.caption)
                }
                if conversation.unread > 0 {
                    Text(conversation.unread, format: .number)
                        .font(.caption.bold())
                        .padding(.horizontal, 8)
                        .background(.tint, in: .capsule)
                        .foregroundStyle(.white)
                        .accessibilityLabel("\(conversation.unread) unread")
                }
            }
        }
        .accessibilityElement(children: .combine)
    }
}
