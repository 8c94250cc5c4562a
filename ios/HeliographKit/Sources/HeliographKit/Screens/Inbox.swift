import Foundation
import Heliograph
import Observation

/// The list of conversations, the one with the newest activity first.
@MainActor
@Observable
public final class Inbox: Screen {
    /// What is shown.
    public private(set) var conversations: [Conversation] = []

    /// Whether the list is here: an empty one is only then worth a word.
    public private(set) var isLoaded = false

    /// The inbox of an account.
    public override init(client: Client) {
        super.init(client: client)
    }

    /// Unread messages in all conversations, for the icon's badge.
    public var unread: UInt64 {
        conversations.reduce(0) { $0 + $1.unread }
    }

    /// Keeps the list true until the task is cancelled.
    public func listen() async {
        await listening {
            for try await update in client.conversations {
                switch update {
                case .snapshot(let all): conversations = all
                case .changes(let some): merge(some)
                }
                conversations.sort { ($0.activity, $0.id.number) > ($1.activity, $1.id.number) }
                isLoaded = true
            }
        }
    }

    private func merge(_ changed: [Conversation]) {
        for conversation in changed {
            if let index = conversations.firstIndex(where: { $0.id == conversation.id }) {
                if conversations[index].revision < conversation.revision { conversations[index] = conversation }
            } else {
                conversations.append(conversation)
            }
        }
    }
}

extension Conversation {
    /// What the list is ordered by, in milliseconds since 1970.
    var activity: Int64 { lastActivityMs ?? createdAtMs }
}
