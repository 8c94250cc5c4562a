import Foundation
import Heliograph
import Observation

/// One conversation.
@MainActor
@Observable
public final class Chat: Screen {
    /// Messages fetched at once: two screens.
    static let page: UInt32 = 40

    /// Which conversation.
    public let id: ConversationID
    /// What is known of it; `nil` before ``listen()`` has begun.
    public private(set) var conversation: Conversation?
    /// What is shown, from old to new.
    public private(set) var lines: [ChatLine] = []
    /// There are older messages, on this device or at the server: ``loadEarlier()``.
    public private(set) var hasEarlier = false
    /// ``loadEarlier()`` is at work.
    public private(set) var isLoading = false
    /// What the user is writing.
    public var draft = ""

    private let layout: ChatLayout
    private var timeline: Timeline?
    private var messages: [MessageID: Message] = [:]
    private var seams: [Seam] = []
    private var older = false
    /// The newest message that the core was told to be read.
    private var seen: MessageID?

    /// The conversation of an account.
    public init(client: Client, id: ConversationID, layout: ChatLayout = ChatLayout()) {
        self.id = id
        self.layout = layout
        super.init(client: client)
    }

    /// Something can be written: not where we left or were removed.
    public var canWrite: Bool {
        conversation?.mayWrite == true
    }

    /// There is something to send.
    public var canSend: Bool {
        canWrite && !draft.allSatisfy(\.isWhitespace)
    }

    /// Keeps the screen true until the task is cancelled.
    public func listen() async {
        await listening {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.listenToMessages() }
                group.addTask { try await self.listenToConversation() }
                try await group.waitForAll()
            }
        }
    }

    private func listenToMessages() async throws {
        let timeline = try await client.timeline(of: id)
        self.timeline = timeline
        for try await update in timeline.updates(limit: Self.page) {
            switch update {
            case .snapshot(let page):
                messages = [:]
                show(page)
            case .changes(let changed):
                merge(changed)
                layOut()
            case .seams(let now):
                seams = now
                layOut()
            }
        }
    }

    private func listenToConversation() async throws {
        for try await update in client.conversations {
            guard let found = update.conversations.first(where: { $0.id == id }) else { continue }
            // What was kept is shown once; from then on the field is the user's.
            if conversation == nil, draft.isEmpty { draft = found.draft }
            conversation = found
        }
    }

    private func show(_ page: TimelinePage) {
        merge(page.messages)
        seams = page.seams
        older = page.older
        layOut()
    }

    private func merge(_ changed: [Message]) {
        for message in changed where (messages[message.row]?.revision ?? 0) <= message.revision {
            // Taken back: the core has forgotten it, too.
            messages[message.row] = message.state == .discarded ? nil : message
        }
    }

    private func layOut() {
        // Those of ours that have no place yet come last, in the order in which they were written.
        let ordered = messages.values.sorted {
            ($0.position ?? .max, $0.row.number) < ($1.position ?? .max, $1.row.number)
        }
        lines = layout.lines(ordered, seams: seams)
        hasEarlier = older || seams.contains { $0.kind == .notLoaded }
    }

    /// Keeps what is in the field; to be called a moment after the last key, and when the screen goes away.
    public func keepDraft() async {
        let (client, id, text) = (client, id, draft)
        guard conversation?.draft ?? "" != text else { return }
        await perform { try await client.setDraft(text, in: id) }
    }

    /// Queues the draft. It stays in the field if that fails, and so does what was written meanwhile.
    public func send() async {
        guard canSend else { return }
        let (client, id, text) = (client, id, draft)
        guard await perform({ try await client.send(text, to: id) }) != nil else { return }
        draft = draft.hasPrefix(text) ? String(draft.dropFirst(text.count)) : draft
    }

    /// Brings older messages: from this device first, then from the server's archive.
    public func loadEarlier() async {
        guard hasEarlier, !isLoading, let timeline else { return }
        isLoading = true
        defer { isLoading = false }
        if older {
            if let page = await perform({ try await timeline.earlier(limit: Self.page) }) { show(page) }
            return
        }
        let (client, id) = (client, id)
        guard let loaded = await perform({ try await client.loadOlder(in: id, wanted: Self.page) }) else { return }
        // Whether the seam is still there, the timeline says.
        merge(loaded.messages)
        layOut()
    }

    /// The user has seen everything down to the newest message.
    public func markRead() async {
        let newest = messages.values.filter { !$0.outgoing }.max { $0.row.number < $1.row.number }
        // Whether it is unread, the conversation may say a moment after the message is here; to the core it is no matter.
        guard let row = newest?.row, row != seen else { return }
        let (client, id) = (client, id)
        if await perform({ try await client.markRead(id, upTo: row) }) != nil { seen = row }
    }
}
