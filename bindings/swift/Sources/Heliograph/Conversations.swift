import HeliographCore

/// What the list of conversations has to say.
public enum ConversationsUpdate: Sendable {
    /// All conversations, the one with the newest activity first; always the first update.
    case snapshot([Conversation])
    /// Conversations that are new or have changed. One may be repeated that the snapshot showed: go by id and revision.
    case changes([Conversation])

    /// The conversations of either.
    public var conversations: [Conversation] {
        switch self {
        case .snapshot(let all): all
        case .changes(let some): some
        }
    }
}

/// The list of conversations: a snapshot, then every change.
public struct Conversations: AsyncSequence, Sendable {
    let core: HeliographClient

    /// A subscription of its own, which begins with a snapshot.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core)
    }

    /// See ``Client/conversations``.
    public struct Iterator: AsyncIteratorProtocol {
        let core: HeliographClient
        var feed: ConversationFeed?

        /// The snapshot, then changes; `nil` once the task is cancelled.
        public mutating func next() async throws(HeliographError) -> ConversationsUpdate? {
            if let feed { return try await feed.next(batch).map(ConversationsUpdate.changes) }
            if Task.isCancelled { return nil }
            let core = core
            let (opened, all) = try await attempt {
                let feed = try await core.conversations()
                return (feed, try await feed.snapshot())
            }
            feed = opened
            return .snapshot(all)
        }
    }
}

extension Client {
    /// The list of conversations, until the task is cancelled or the client shut down (`closed`). Each iteration begins
    /// with a snapshot.
    public var conversations: Conversations { Conversations(core: core) }

    /// One conversation.
    ///
    /// - Throws: `notFound`.
    public func conversation(_ id: ConversationID) async throws(HeliographError) -> Conversation {
        try await attempt { try await core.conversation(id: id.number) }
    }

    /// Opens what an address or a link names, as typed, followed or scanned, and gives the conversation's id: a chat as
    /// ``startChat(with:)`` does, or a room, which is entered under the name of our account.
    ///
    /// - Throws: `invalidArgument`.
    public func openContact(_ text: String) async throws(HeliographError) -> ConversationID {
        try await attempt { ConversationID(try await core.openContact(text: text)) }
    }

    /// Opens a chat with an account and gives its id at once. It is encrypted if the account has keys: see the
    /// conversation's security once its state is no longer `preparing`.
    public func startChat(with contact: String) async throws(HeliographError) -> ConversationID {
        try await attempt { ConversationID(try await core.startChat(contact: contact)) }
    }

    /// Makes an encrypted group and gives its id at once; it is ready when its state is `active`, and texts may be sent
    /// before.
    public func createGroup(named name: String, members: [String]) async throws(HeliographError) -> ConversationID {
        try await attempt { ConversationID(try await core.createGroup(name: name, members: members)) }
    }

    /// Enters an ordinary, unencrypted room.
    public func joinRoom(_ room: String, as nick: String) async throws(HeliographError) -> ConversationID {
        try await attempt { ConversationID(try await core.joinRoom(room: room, nick: nick)) }
    }

    /// The accounts in a group, ours first, then by name; empty for chats and ordinary rooms.
    public func members(of group: ConversationID) async throws(HeliographError) -> [Member] {
        try await attempt { try await core.members(conversation: group.number) }
    }

    /// Invites accounts into a group, given by their addresses or links.
    public func invite(_ members: [String], into group: ConversationID) async throws(HeliographError) {
        try await attempt { try await core.invite(group: group.number, members: members) }
    }

    /// Removes accounts from a group that we own.
    public func remove(_ members: [String], from group: ConversationID) async throws(HeliographError) {
        try await attempt { try await core.remove(group: group.number, members: members) }
    }
}
