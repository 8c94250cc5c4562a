import Foundation
import Heliograph
import Observation

/// What the system shows of unread messages, and how it comes to know of them: permission, push, badge.
///
/// What is unread is the core's to say; here it is only put into words.
@MainActor
@Observable
public final class Announcements {
    /// Whether the system shows anything; `nil` before it was looked at.
    public private(set) var permission: NotificationPermission?
    /// Apple's push service gave no token: nothing wakes this app but the system's own schedule.
    public private(set) var isTokenMissing = false

    private let client: Client
    private let service: PushService?
    private let services: Services
    private let words: AlertWords
    private var unread: [ConversationID: UInt64] = [:]
    /// Of those that draw: who read earlier and drew later would bring back what has been read since.
    private let turns = Turns()

    init(client: Client, service: PushService?, services: Services, words: AlertWords) {
        self.client = client
        self.service = service
        self.services = services
        self.words = words
    }

    /// Asks the user the first time, then has this device registered for push. Where the user does not want notifications, the
    /// server announces nothing either: the system would not even wake the extension for it.
    ///
    /// Takes as long as the user takes to answer. To be called each time that the app comes to the front.
    func arrange() async {
        var permission = await services.board.permission()
        if permission == .undecided { permission = await services.board.ask() }
        self.permission = permission
        guard service != nil else { return }
        if permission == .granted {
            await services.registrar.register()
        } else if let push = try? await client.push(), push.target != nil {
            try? await client.disablePush()
        }
    }

    /// Apple's push service gave this device a token: it is handed to the push service of whoever built this app, through the
    /// user's server.
    public func tokenCame(_ token: Data) async {
        isTokenMissing = false
        guard let target = service?.target(token: token) else { return }
        if let push = try? await client.push(), push.target == target { return }
        // Fails while the account is closed; asked for again with the next start.
        try? await client.enablePush(target)
    }

    /// Apple's push service gave none.
    public func tokenRefused() {
        isTokenMissing = true
    }

    /// Announces what came while nobody looked, and takes away what was read elsewhere.
    func show() async throws {
        try await turns.take { try await self.draw() }
    }

    private func draw() async throws {
        let waiting = try await client.unread(perConversation: 1)
        let shown = await services.board.shown()
        for alert in waiting.map({ $0.alert(words, services.shelf.load()) })
        where alert.conversation.flatMap({ shown[$0] }) != alert.message {
            await services.board.show(alert)
        }
        let read = Set(shown.keys).subtracting(waiting.map(\.conversation.id))
        if !read.isEmpty { await services.board.withdraw(Array(read)) }
        await services.board.setBadge(Int(clamping: waiting.reduce(0) { $0 + $1.conversation.unread }))
    }

    /// Keeps badge and notifications true while the conversations are looked at, until the task is cancelled.
    func follow() async {
        do {
            for try await update in client.conversations {
                for conversation in update.conversations { unread[conversation.id] = conversation.unread }
                try await turns.take { await self.withdrawRead() }
            }
        } catch {
            // The account was closed, or the store can't be read, which every screen says.
        }
    }

    private func withdrawRead() async {
        let shown = await services.board.shown()
        let read = shown.keys.filter { unread[$0] == 0 }
        if !read.isEmpty { await services.board.withdraw(read) }
        await services.board.setBadge(Int(clamping: unread.values.reduce(0, +)))
    }

    /// An answer that could not be kept: it is shown, so that it is not lost.
    nonisolated static func unsent(_ text: String, in conversation: ConversationID, _ words: AlertWords) -> Alert {
        Alert(conversation: conversation, title: words.notSent, body: text)
    }
}

extension UnreadConversation {
    /// The newest message as a notification shows it.
    func alert(_ words: AlertWords, _ preferences: Preferences) -> Alert {
        let newest = messages.last
        guard preferences.notificationText, let newest else {
            return Alert(
                conversation: conversation.id, message: newest?.row, title: words.title, body: words.unspecific)
        }
        return Alert(
            conversation: conversation.id,
            message: newest.row,
            title: conversation.title,
            body: newest.readable
        )
    }
}
