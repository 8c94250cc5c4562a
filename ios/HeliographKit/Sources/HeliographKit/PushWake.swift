import Foundation
import Heliograph

/// What the notification extension does: it fetches what waits and says what came, in a process of its own beside the app.
public struct PushWake: Sendable {
    /// How long fetching may take: iOS grants 30 s, and closing the store has to fit in.
    public static let deadline = Duration.seconds(20)

    /// What is shown if nothing can be said about what came.
    public let unspecific: Alert
    private let accounts: Accounts

    /// For the account of this device.
    public init(accounts: Accounts, unspecific: Alert) {
        self.accounts = accounts
        self.unspecific = unspecific
    }

    /// The notification to show. Never fails: a push that can't be followed up still tells that there is something.
    ///
    /// The app has the store while it runs (`storeBusy`): then it fetches the message itself, and this says no more than that.
    public func alert() async -> Alert {
        guard let client = try? await accounts.open() else { return unspecific }
        let alert = try? await fetch(client)
        // Whatever happened: the store must be free when the system freezes this process.
        try? await client.shutdown()
        return alert ?? unspecific
    }

    private func fetch(_ client: Client) async throws -> Alert {
        let report = try await client.catchUp(within: Self.deadline)
        guard report.newMessages > 0 else { return unspecific }
        try await client.resume()
        guard let newest = try await client.unread(perConversation: 1).first, let message = newest.messages.last else {
            return unspecific
        }
        return Alert(
            conversation: newest.conversation.id.number,
            title: newest.conversation.title,
            body: Bubble(message: message, beginsGroup: true, endsGroup: true).text
        )
    }
}
