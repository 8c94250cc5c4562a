import Heliograph
import HeliographKit
import SwiftUI

struct ChatView: View {
    @State private var screen: Chat
    @State private var showsMembers = false
    @State private var explained: Message?
    private let client: Client

    init(session: Session, id: ConversationID) {
        client = session.client
        _screen = State(initialValue: session.chat(id))
    }

    var body: some View {
        ScrollView {
            LazyVStack(spacing: 4) {
                if screen.hasEarlier {
                    Button("Load earlier messages") { Task { await screen.loadEarlier() } }
                        .disabled(screen.isLoading)
                }
                ForEach(screen.lines) { ChatLineView(line: $0) { explained = $0 } }
            }
            .padding()
        }
        .defaultScrollAnchor(.bottom)
        .safeAreaInset(edge: .bottom) {
            HStack(alignment: .bottom) {
                TextField("Message", text: $screen.draft, axis: .vertical)
                    .textFieldStyle(.roundedBorder)
                    .lineLimit(1...6)
                Button("Send", systemImage: "arrow.up.circle.fill") { Task { await screen.send() } }
                    .labelStyle(.iconOnly)
                    .font(.title)
                    .disabled(!screen.canSend)
            }
            .padding()
            .background(.bar)
        }
        .navigationTitle(Text(verbatim: screen.conversation?.title ?? ""))
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            if screen.conversation?.kind == .group {
                Button("Members", systemImage: "person.2") { showsMembers = true }
            }
        }
        .sheet(isPresented: .constant(explained != nil), onDismiss: { explained = nil }) {
            if let explained { DeliveryView(screen: DeliveryExplanation(client: client, message: explained)) }
        }
        .sheet(isPresented: $showsMembers) { MembersView(screen: Members(client: client, group: screen.id)) }
        .alert($screen.failure)
        .task { await screen.listen() }
        .task(id: screen.lines.count) { await screen.markRead() }
        .task(id: screen.draft) {
            // A moment after the last key.
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            await screen.keepDraft()
        }
        .onDisappear { Task { await screen.keepDraft() } }
    }
}

private struct ChatLineView: View {
    let line: ChatLine
    let explain: (Message) -> Void

    var body: some View {
        switch line {
        case .day(let day):
            Text(day, format: .dateTime.weekday().day().month()).font(.caption).accessibilityAddTraits(.isHeader)
        case .seam(let kind, _):
            Label(kind.explanation, systemImage: "ellipsis").font(.caption)
        case .message(let bubble):
            BubbleView(bubble: bubble)
                .contextMenu {
                    if bubble.message.outgoing { Button("Delivery") { explain(bubble.message) } }
                }
        }
    }
}

private struct BubbleView: View {
    let bubble: Bubble

    private var message: Message { bubble.message }

    var body: some View {
        VStack(alignment: message.outgoing ? .trailing : .leading, spacing: 2) {
            if bubble.beginsGroup, !message.outgoing {
                Text(verbatim: message.sender.name).font(.caption.bold())
            }
            Text(verbatim: message.readable)
                .padding(10)
                .background(
                    message.outgoing ? AnyShapeStyle(.tint.opacity(0.2)) : AnyShapeStyle(.quaternary),
                    in: .rect(cornerRadius: 14))
            if bubble.endsGroup || message.state == .failed {
                HStack {
                    Text(message.sentAt, format: .dateTime.hour().minute())
                    if message.outgoing { Text(message.state.explanation) }
                    if message.security == .plain { Image(systemName: "lock.open").accessibilityLabel("Not encrypted") }
                }
                .font(.caption2)
                .foregroundStyle(message.state == .failed ? AnyShapeStyle(.red) : AnyShapeStyle(.secondary))
            }
            if let failure = message.failure { Text(verbatim: failure.advice).font(.caption).foregroundStyle(.red) }
        }
        .frame(maxWidth: .infinity, alignment: message.outgoing ? .trailing : .leading)
        .accessibilityElement(children: .combine)
    }
}
