import Foundation
import Heliograph

/// A phone: one client on a store of its own. It waits for what its user would see.
struct Phone: Sendable {
    let client: Client
    let store: StoreLocation

    /// A new phone that is signed in, connected and caught up.
    static func add(_ part: ServerUnderTest.Part, in folder: Folder) async throws -> Phone {
        let phone = try await signedIn(part, in: folder)
        try await phone.connect()
        return phone
    }

    /// A new phone that is signed in and not connected.
    static func signedIn(_ part: ServerUnderTest.Part, in folder: Folder) async throws -> Phone {
        let store = folder.store(part.rawValue)
        let configuration = ServerUnderTest.account(part).configuration()
        try await within(deadlineFor: "to sign in") { try await Client.addAccount(configuration, at: store) }
        return Phone(client: try await Client.open(store), store: store)
    }

    /// Starts, and waits until everything that waited on the server is here.
    func connect() async throws {
        // In front: receipts go out within seconds. Behind, they wait for company.
        try client.appStateChanged(foreground: true)
        try client.start()
        try await within(deadlineFor: "to catch up") {
            for try await connection in client.connectionStates {
                if connection.caughtUp { return }
                if let failure = connection.failure, !failure.transient { throw failure }
            }
        }
    }

    /// Waits until others can invite this phone.
    ///
    /// A phone that is caught up may still be waiting for the server to take its first keys. A server handles what one client
    /// asks in order (RFC 6120 §10.1), so whatever is asked now is answered after those were taken: here, whether an account
    /// that has no keys can be encrypted for.
    func publishKeys() async throws {
        let chat = try await client.startChat(with: ServerUnderTest.account(.jan).address)
        let answered = try await until("an answer about keys") { $0.id == chat && $0.state == .active }
        precondition(answered.security == .plain, "a contact without keys was taken for one with keys")
    }

    /// The first conversation that is as expected, now or as soon as there is one.
    func until(
        _ what: String,
        conversation expected: @escaping @Sendable (Conversation) -> Bool
    ) async throws -> Conversation {
        try await within(deadlineFor: "for \(what)") {
            for try await update in client.conversations {
                let conversations = update.conversations
                if let found = conversations.first(where: expected) { return found }
                if let failed = conversations.first(where: { $0.state == .failed }) { throw failed.failure! }
            }
            throw CancellationError()
        }
    }

    /// The first message of a conversation that is as expected, now or as soon as there is one.
    func until(
        _ what: String,
        in conversation: ConversationID,
        message expected: @escaping @Sendable (Message) -> Bool
    ) async throws -> Message {
        try await within(deadlineFor: "for \(what)") {
            for try await update in try await client.timeline(of: conversation).updates() {
                if let found = update.messages.first(where: expected) { return found }
            }
            throw CancellationError()
        }
    }

    /// All texts of a conversation, fetched page by page.
    func texts(of conversation: ConversationID) async throws -> [String] {
        let timeline = try await client.timeline(of: conversation)
        var updates = timeline.updates(limit: 3).makeAsyncIterator()
        guard case .snapshot(var page) = try await updates.next() else { return [] }
        var messages = page.messages
        while page.older {
            page = try await timeline.earlier(limit: 3)
            messages = page.messages + messages
        }
        return messages.map(\.text)
    }
}

extension DeliveryState {
    /// The server has it.
    var isOut: Bool { [.sent, .archived].contains(self) || isDelivered }

    /// Every other account has it.
    var isDelivered: Bool { self == .delivered || self == .displayed }
}
