import Foundation
import Heliograph

/// One account while the app runs: hands the core what the system says, and sleeps when the app does.
///
/// It decides nothing: how often and how fast things are done is the core's policy.
@MainActor
public final class Session {
    /// How long a background refresh may take: iOS grants 30 s, and closing the store has to fit in.
    public static let refreshDeadline = Duration.seconds(25)
    /// How long an answer from a notification may take to go out; what is not sent by then goes with the next connection. iOS
    /// grants some seconds, and says nowhere how many.
    public static let answerDeadline = Duration.seconds(7)

    /// The account.
    public let client: Client
    /// What the system shows of it.
    public let announcements: Announcements

    private let schedule: any RefreshSchedule
    private let shelf: any PreferenceShelf
    private var watching: [Task<Void, Never>] = []
    private var arranging: Task<Void, Never>?
    private var isInFront = false
    /// How many need the account awake.
    private var holders = 0
    /// Of those that wake it and let it sleep.
    private let turns = Turns()
    private var drafts: [WeakDraft] = []

    /// Begins to watch network and power. The client is not started: see ``enterForeground()``.
    public init(client: Client, services: Services, words: AlertWords, push: PushService? = nil) {
        self.client = client
        schedule = services.schedule
        shelf = services.shelf
        announcements = Announcements(client: client, service: push, services: services, words: words)
        watching = [
            Task {
                var last: NetworkSnapshot?
                for await snapshot in services.network.snapshots where snapshot != last {
                    // Sockets of a network that went away are dead, whatever they say themselves.
                    let gone = last?.isAvailable == true && last?.id != snapshot.id
                    try? client.networkChanged(
                        available: snapshot.isAvailable, id: snapshot.id, previousGone: gone)
                    last = snapshot
                }
            },
            Task {
                for await snapshot in services.power.snapshots {
                    try? client.powerChanged(PowerState(lowPower: snapshot.isLow, charging: snapshot.isCharging))
                }
            },
            Task { [announcements] in await announcements.follow() },
        ]
    }

    /// The app came to the front.
    ///
    /// - Throws: `storeBusy` while the notification extension has the store; it is done within seconds, and says so by
    ///   ``StoreSignal``.
    public func enterForeground() async throws {
        if !isInFront {
            try await hold()
            isInFront = true
        }
        try client.appStateChanged(foreground: true)
        try client.start()
        // The user may take any time to say whether notifications are wanted.
        arranging?.cancel()
        arranging = Task { [announcements] in await announcements.arrange() }
    }

    /// The app went behind: what is being written is kept, and the store is closed before the system freezes the process, which
    /// must not hold a lock then.
    public func enterBackground() async throws {
        guard isInFront else { return }
        isInFront = false
        for draft in drafts { await draft.chat?.keepDraft() }
        // The user may be back by now.
        if !isInFront { try? client.appStateChanged(foreground: false) }
        try await letGo()
    }

    /// Sleeps if nobody needs it awake: after it was opened while the app is behind.
    func sleep() async throws {
        try await turns.take {
            if self.holders == 0 { try await self.client.suspend() }
        }
    }

    /// The system granted a moment in the background.
    public func refresh() async throws -> CatchUpReport {
        try await awake { client in
            let report = try await client.catchUp(within: Self.refreshDeadline)
            try await self.announcements.show()
            return report
        }
    }

    /// The user answered in a notification, or has read it. What was asked for is stored when this returns, and sent if that
    /// could be done at once.
    public func act(on answer: NotificationAnswer) async throws {
        try await awake { client in
            switch answer {
            case .open: return
            case .reply(let text, let message, let conversation):
                try await client.reply(text, to: message, in: conversation)
            case .markRead(let message, let conversation):
                try await client.markRead(conversation, upTo: message)
            }
            // From here on the user's wish is safe: what fails now is done again by itself.
            _ = try? await client.catchUp(within: Self.answerDeadline)
            try? await self.announcements.show()
        }
    }

    /// The screen of a conversation; what is being written there is kept when the app goes behind.
    public func chat(_ id: ConversationID) -> Chat {
        let chat = Chat(client: client, id: id)
        drafts.removeAll { $0.chat == nil }
        drafts.append(WeakDraft(chat: chat))
        return chat
    }

    /// The screen of the settings.
    public func settings() -> SettingsPanel {
        SettingsPanel(client: client, shelf: shelf)
    }

    /// Ends everything.
    public func end() async throws {
        for task in watching { task.cancel() }
        arranging?.cancel()
        try await client.shutdown()
    }

    private func awake<Value: Sendable>(_ work: (Client) async throws -> Value) async throws -> Value {
        try await hold()
        do {
            let value = try await work(client)
            try await letGo()
            return value
        } catch {
            try? await letGo()
            throw error
        }
    }

    private func hold() async throws {
        try await turns.take {
            if self.holders == 0 { try await self.client.resume() }
            self.holders += 1
        }
    }

    private func letGo() async throws {
        try await turns.take {
            self.holders -= 1
            guard self.holders == 0 else { return }
            try await self.client.suspend()
            // When, is for the core to say.
            if let moment = try await self.client.nextCatchUp() { try self.schedule.wake(notBefore: moment) }
        }
    }
}

/// A screen that is there as long as somebody looks at it.
private struct WeakDraft {
    weak var chat: Chat?
}
