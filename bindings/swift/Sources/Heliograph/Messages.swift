import HeliographCore

/// Messages of all conversations, one by one, as they come or change. For bots and notifications.
public struct Messages: AsyncSequence, Sendable {
    let feed: MessageFeed

    /// Goes on where the iteration before it ended. For one consumer at a time: two share the messages.
    public func makeAsyncIterator() -> Iterator {
        Iterator(feed: feed)
    }

    /// See ``Client/allMessages()``.
    public struct Iterator: AsyncIteratorProtocol {
        let feed: MessageFeed

        /// The next message; `nil` once the task is cancelled.
        public mutating func next() async throws(HeliographError) -> Message? {
            try await feed.next(1)?.first
        }
    }
}

extension Client {
    /// Subscribes to the messages of all conversations, from now on, until the client is shut down (`closed`). A task that
    /// is cancelled loses none: whoever iterates the same value next gets what came meanwhile.
    public func allMessages() async throws(HeliographError) -> Messages {
        try await attempt { Messages(feed: try await core.allMessages()) }
    }

    /// Queues a text; it is safe on this device when this returns.
    @discardableResult
    public func send(_ text: String, to conversation: ConversationID) async throws(HeliographError) -> MessageID {
        try await attempt { MessageID(try await core.send(conversation: conversation.number, text: text)) }
    }

    /// ``send(_:to:)`` from a notification: everything up to this message is read, and the draft stays.
    @discardableResult
    public func reply(
        _ text: String,
        to message: MessageID,
        in conversation: ConversationID
    ) async throws(HeliographError) -> MessageID {
        try await attempt {
            MessageID(try await core.reply(conversation: conversation.number, row: message.number, text: text))
        }
    }

    /// Keeps what the user is writing in a conversation; an empty text is none. A suspended client keeps it, too, and stays
    /// suspended.
    ///
    /// - Throws: `notFound`, `tooLarge`; in a suspended client `storeBusy` while another process has the account open.
    public func setDraft(_ text: String, in conversation: ConversationID) async throws(HeliographError) {
        try await attempt { try await core.setDraft(conversation: conversation.number, text: text) }
    }

    /// How far a message of ours has got, to whom, and what it waits for.
    ///
    /// - Throws: `notFound` if there is no such message of ours.
    public func delivery(of message: MessageID) async throws(HeliographError) -> Delivery {
        try await attempt { try await core.delivery(row: message.number) }
    }

    /// Sends a message in state `failed` once more. It keeps its row and its id.
    public func sendAgain(_ message: MessageID) async throws(HeliographError) {
        try await attempt { try await core.sendAgain(row: message.number) }
    }

    /// Takes back a message that failed, or that was never sent.
    ///
    /// - Throws: `invalidArgument` if it may have reached somebody.
    public func discard(_ message: MessageID) async throws(HeliographError) {
        try await attempt { try await core.discard(row: message.number) }
    }

    /// The conversations with unread messages, each with the newest `perConversation` (1 to 25) of them: what notifications
    /// should show now.
    public func unread(perConversation: UInt32 = 5) async throws(HeliographError) -> [UnreadConversation] {
        try await attempt { try await core.notifications(perConversation: perConversation) }
    }

    /// The user has seen the conversation up to this message. Its authors learn that, unless the user has turned it off: see
    /// ``settings()``.
    public func markRead(_ conversation: ConversationID, upTo message: MessageID) async throws(HeliographError) {
        try await attempt { try await core.markRead(conversation: conversation.number, row: message.number) }
    }
}
