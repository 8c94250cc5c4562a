import Foundation
import Heliograph
import Observation

/// Full-text search, everywhere or in one conversation.
@MainActor
@Observable
public final class Search: Screen {
    /// Only here, if it is set.
    public let conversation: ConversationID?
    /// What was typed.
    public var query = ""
    /// What was found, newest first.
    public private(set) var results: [SearchHit] = []
    /// What ``results`` are the answer to.
    public private(set) var answered = ""

    /// In an account, or in one conversation of it.
    public init(client: Client, within conversation: ConversationID? = nil) {
        self.conversation = conversation
        super.init(client: client)
    }

    /// Looks for what was typed; to be called when it changes. An answer that comes after the next question is dropped.
    public func run() async {
        let (client, text, within) = (client, query, conversation)
        guard !text.trimmed.isEmpty else {
            (results, answered) = ([], "")
            return
        }
        guard let found = await perform({ try await client.search(text, within: within) }), text == query else {
            return
        }
        (results, answered) = (found, text)
    }
}
