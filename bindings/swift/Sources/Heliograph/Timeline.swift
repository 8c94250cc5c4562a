import HeliographCore

/// What a ``Timeline`` has to say.
public enum TimelineUpdate: Sendable {
    /// The newest messages; always the first update.
    case snapshot(TimelinePage)
    /// Messages that are new or have changed, in the order of change. One may be repeated that the snapshot showed: go by
    /// row and revision.
    case changes([Message])
    /// A seam has come, changed or gone: these are all that are among the messages of the snapshot and of
    /// ``Timeline/earlier(limit:)`` now.
    case seams([Seam])

    /// The messages of either.
    public var messages: [Message] {
        switch self {
        case .snapshot(let page): page.messages
        case .changes(let messages): messages
        case .seams: []
        }
    }
}

/// One conversation's messages: a snapshot, what changes from then on, and older ones on demand.
public final class Timeline: Sendable {
    let core: HeliographCore.Timeline

    init(core: HeliographCore.Timeline) {
        self.core = core
    }

    /// The newest `limit` messages, then every change, until the task is cancelled or the client shut down (`closed`).
    ///
    /// Whoever iterates again gets a new snapshot, so nothing is missed in between. For one consumer at a time: two share
    /// the changes.
    public func updates(limit: UInt32 = 50) -> Updates {
        Updates(core: core, limit: limit)
    }

    /// Up to `limit` messages before those already returned by a snapshot or by this. The page's seams are all that are among
    /// the messages returned so far.
    public func earlier(limit: UInt32) async throws(HeliographError) -> TimelinePage {
        try await attempt { try await core.earlier(limit: limit) }
    }

    /// See ``updates(limit:)``.
    public struct Updates: AsyncSequence, Sendable {
        let core: HeliographCore.Timeline
        let limit: UInt32

        /// Begins with a snapshot.
        public func makeAsyncIterator() -> Iterator {
            Iterator(core: core, limit: limit)
        }

        /// See ``Timeline/updates(limit:)``.
        public struct Iterator: AsyncIteratorProtocol {
            let core: HeliographCore.Timeline
            let limit: UInt32
            /// Those that the consumer knows of; `nil` before the snapshot.
            var seams: [Seam]?
            /// The core has announced something, and it was not looked yet whether it was a seam.
            var looks = false

            /// The snapshot, then changes; `nil` once the task is cancelled.
            public mutating func next() async throws(HeliographError) -> TimelineUpdate? {
                let (core, limit) = (core, limit)
                guard seams != nil else {
                    if Task.isCancelled { return nil }
                    let page = try await attempt { try await core.snapshot(limit: limit) }
                    seams = page.seams
                    return .snapshot(page)
                }
                while !Task.isCancelled {
                    if looks {
                        looks = false
                        let now = try await attempt { try await core.seams() }
                        if now != seams {
                            seams = now
                            return .seams(now)
                        }
                    }
                    guard let changed = try await core.announced(batch) else { return nil }
                    looks = true
                    if !changed.isEmpty { return .changes(changed) }
                }
                return nil
            }
        }
    }
}

extension Client {
    /// Subscribes to one conversation's messages.
    ///
    /// - Throws: `notFound`.
    public func timeline(of conversation: ConversationID) async throws(HeliographError) -> Timeline {
        try await attempt { Timeline(core: try await core.timeline(conversation: conversation.number)) }
    }

    /// Loads messages from before the newest seam of a conversation: at least `wanted` (1 to 1000), if the server has so
    /// many. Returns when they are stored; the conversation's timeline announces them, too.
    public func loadOlder(in conversation: ConversationID, wanted: UInt32) async throws(HeliographError) -> Older {
        try await attempt { try await core.loadOlder(conversation: conversation.number, wanted: wanted) }
    }

    /// How many messages of a conversation can't be read, and why.
    public func unreadable(in conversation: ConversationID) async throws(HeliographError) -> [Unreadable] {
        try await attempt { try await core.unreadable(conversation: conversation.number) }
    }
}
