import Foundation
import Heliograph

/// What the notification extension does: it fetches what waits and says what came, in a process of its own beside the app.
public struct PushWake: Sendable {
    /// How long fetching may take: iOS grants 30 s, and closing the store has to fit in.
    public static let deadline = Duration.seconds(20)

    private let accounts: Accounts
    private let board: any NotificationBoard
    private let shelf: any PreferenceShelf
    private let signal: any StoreSignal
    private let words: AlertWords

    /// For the account of this device.
    public init(
        accounts: Accounts,
        board: any NotificationBoard,
        shelf: any PreferenceShelf,
        signal: any StoreSignal,
        words: AlertWords
    ) {
        self.accounts = accounts
        self.board = board
        self.shelf = shelf
        self.signal = signal
        self.words = words
    }

    /// What is shown if nothing can be said about what came.
    var unspecific: Alert { Alert(conversation: nil, title: words.title, body: words.unspecific) }

    /// The notification to show in place of the push message; what came in other conversations is shown beside it. Never fails: a
    /// push that can't be followed up still tells that there is something.
    ///
    /// The app has the store while it runs (`storeBusy`): then it fetches the message itself, and this says no more than that.
    public func alert() async -> Alert {
        guard let client = try? await accounts.open() else { return unspecific }
        let alert = try? await fetch(client)
        // Whatever happened: the store must be free when the system freezes this process.
        try? await client.shutdown()
        // The app may have come to the front meanwhile, and wait for it.
        signal.tell()
        return alert ?? unspecific
    }

    private func fetch(_ client: Client) async throws -> Alert {
        let report = try await client.catchUp(within: Self.deadline)
        guard report.newMessages > 0 else { return unspecific }
        try await client.resume()
        let shown = await board.shown()
        let preferences = shelf.load()
        let unread = try await client.unread(perConversation: 1)
        let alerts = unread.map { $0.alert(words, preferences) }.filter { alert in
            alert.conversation.flatMap { shown[$0] } != alert.message
        }
        await board.setBadge(Int(clamping: unread.reduce(0) { $0 + $1.conversation.unread }))
        for alert in alerts.dropFirst() { await board.show(alert) }
        return alerts.first ?? unspecific
    }
}
