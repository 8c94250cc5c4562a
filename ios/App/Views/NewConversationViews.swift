import Heliograph
import HeliographKit
import SwiftUI

struct NewChatView: View {
    @State var screen: NewChat
    let opened: (ConversationID) -> Void

    var body: some View {
        Form {
            AddressField(text: $screen.address)
            ScanButton { screen.address = $0 }
        }
        .toolbar { Button("Open") { Task { await screen.open() } }.disabled(!screen.canOpen) }
        .onChange(of: screen.opened) { _, id in if let id { opened(id) } }
        .titled("New chat", failure: $screen.failure)
    }
}

struct NewGroupView: View {
    @State var screen: NewGroup
    let created: (ConversationID) -> Void

    var body: some View {
        Form {
            TextField("Name", text: $screen.name)
            Section("Members") {
                ForEach(screen.members, id: \.self) { Text(verbatim: $0) }
                    .onDelete { gone in
                        for address in gone.map({ screen.members[$0] }) { screen.remove(address) }
                    }
                AddressField(text: $screen.candidate).onSubmit { screen.add() }
            }
        }
        .toolbar { Button("Create") { Task { await screen.create() } }.disabled(!screen.canCreate) }
        .onChange(of: screen.created) { _, id in if let id { created(id) } }
        .titled("New group", failure: $screen.failure)
    }
}

struct MembersView: View {
    @State var screen: Members

    var body: some View {
        List {
            ForEach(screen.members, id: \.address) { member in
                VStack(alignment: .leading) {
                    Text(verbatim: member.name)
                    Text(verbatim: member.address).font(.caption).foregroundStyle(.secondary)
                }
                .swipeActions {
                    if screen.mayChange {
                        Button("Remove", role: .destructive) { Task { await screen.remove(member.address) } }
                    }
                }
            }
            if screen.mayChange {
                AddressField(text: $screen.candidate).onSubmit { Task { await screen.invite() } }
            }
        }
        .titled("Members", failure: $screen.failure)
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
