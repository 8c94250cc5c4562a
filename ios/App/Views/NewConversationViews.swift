import Heliograph
import HeliographKit
import SwiftUI

struct NewChatView: View {
    @State private var screen: NewChat
    private let opened: (ConversationID) -> Void

    init(client: Client, opened: @escaping (ConversationID) -> Void) {
        _screen = State(initialValue: NewChat(client: client))
        self.opened = opened
    }

    var body: some View {
        NavigationStack {
            Form { AddressField(text: $screen.address) }
                .navigationTitle("New chat")
                .toolbar { Button("Open") { Task { await screen.open() } }.disabled(!screen.canOpen) }
                .onChange(of: screen.opened) { _, id in if let id { opened(id) } }
                .alert($screen.failure)
        }
    }
}

struct NewGroupView: View {
    @State private var screen: NewGroup
    private let created: (ConversationID) -> Void

    init(client: Client, created: @escaping (ConversationID) -> Void) {
        _screen = State(initialValue: NewGroup(client: client))
        self.created = created
    }

    var body: some View {
        NavigationStack {
            Form {
                TextField("Name", text: $screen.name)
                Section("Members") {
                    ForEach(screen.members, id: \.self) { Text(verbatim: $0) }
                        .onDelete { $0.map { screen.members[$0] }.forEach(screen.remove) }
                    AddressField(text: $screen.candidate).onSubmit { screen.add() }
                }
            }
            .navigationTitle("New group")
            .toolbar { Button("Create") { Task { await screen.create() } }.disabled(!screen.canCreate) }
            .onChange(of: screen.created) { _, id in if let id { created(id) } }
            .alert($screen.failure)
        }
    }
}

struct MembersView: View {
    @State private var screen: Members

    init(client: Client, group: ConversationID) {
        _screen = State(initialValue: Members(client: client, group: group))
    }

    var body: some View {
        NavigationStack {
            List {
                ForEach(screen.addresses, id: \.self) { address in
                    Text(verbatim: address)
                        .swipeActions { Button("Remove", role: .destructive) { Task { await screen.remove(address) } } }
                }
                AddressField(text: $screen.candidate).onSubmit { Task { await screen.invite() } }
            }
            .navigationTitle("Members")
            .alert($screen.failure)
        }
        .task { await screen.listen() }
    }
}

struct AddressField: View {
    @Binding var text: String

    var body: some View {
        TextField("Address", text: $text, prompt: Text(verbatim: "name@example.org"))
            .keyboardType(.emailAddress)
            .textInputAutocapitalization(.never)
            .autocorrectionDisabled()
    }
}
