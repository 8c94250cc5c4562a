import Foundation
import Heliograph

/// What the user is shown while the app is not in front.
public struct Alert: Sendable, Equatable {
    /// The conversation that it opens; `nil` for one that says nothing but that there is something.
    public var conversation: ConversationID?
    /// The newest message that it shows: what is read once the user answers or says so.
    public var message: MessageID?
    /// Who, or which group.
    public var title: String
    /// What; empty if contents are not shown.
    public var body: String

    /// A notification.
    public init(conversation: ConversationID?, message: MessageID? = nil, title: String, body: String) {
        self.conversation = conversation
        self.message = message
        self.title = title
        self.body = body
    }

    /// What goes with the notification, to be read by ``NotificationAnswer/init(action:userInfo:text:)`` once the user touches it.
    public var userInfo: [String: Int64] {
        var numbers: [String: Int64] = [:]
        numbers[Self.conversationKey] = conversation?.number
        numbers[Self.messageKey] = message?.number
        return numbers
    }

    static let conversationKey = "conversation"
    static let messageKey = "message"
}

/// What notifications say in the user's language beside what a message says.
public struct AlertWords: Sendable {
    /// The title where nobody is named.
    public var title: String
    /// There is something, and it can't or shall not be said what.
    public var unspecific: String
    /// An answer that was given in a notification could not be kept.
    public var notSent: String

    /// Words.
    public init(title: String, unspecific: String, notSent: String) {
        self.title = title
        self.unspecific = unspecific
        self.notSent = notSent
    }
}

/// What the user did with a notification.
public enum NotificationAnswer: Sendable, Equatable {
    /// Touched it: the conversation is wanted, or just the app.
    case open(ConversationID?)
    /// Answered in place.
    case reply(String, to: MessageID, in: ConversationID)
    /// Has read it.
    case markRead(MessageID, in: ConversationID)

    /// The kind of notification that can be answered.
    public static let category = "message"
    /// The action that answers.
    public static let replyAction = "reply"
    /// The action that marks as read.
    public static let readAction = "read"
    /// The system's name for touching the notification itself (`UNNotificationDefaultActionIdentifier`).
    static let touched = "com.apple.UNNotificationDefaultActionIdentifier"

    /// What the system says was done; `nil` for what asks for nothing, such as dismissing, and for an empty answer.
    public init?(action: String, userInfo: [AnyHashable: Any], text: String?) {
        func number(_ key: String) -> Int64? {
            // As the app put it in, or as the system gave it back.
            userInfo[key] as? Int64 ?? (userInfo[key] as? NSNumber)?.int64Value
        }
        let conversation = number(Alert.conversationKey).map { ConversationID($0) }
        let message = number(Alert.messageKey).map { MessageID($0) }
        switch (action, conversation, message, text) {
        case (Self.touched, _, _, _): self = .open(conversation)
        case (Self.replyAction, let conversation?, let message?, let text?) where !text.trimmed.isEmpty:
            self = .reply(text, to: message, in: conversation)
        case (Self.readAction, let conversation?, let message?, _): self = .markRead(message, in: conversation)
        default: return nil
        }
    }
}

/// Whether the system shows notifications of this app.
public enum NotificationPermission: Sendable, Equatable {
    /// The user was not asked yet.
    case undecided
    /// The user does not want any; only the system's settings can change that.
    case denied
    /// Shown.
    case granted
}

/// Notifications as the system shows them.
public protocol NotificationBoard: Sendable {
    /// Whether they are shown.
    func permission() async -> NotificationPermission
    /// Asks the user, who may take any time to answer.
    func ask() async -> NotificationPermission
    /// Shows one; it replaces what is shown of the same conversation.
    func show(_ alert: Alert) async
    /// What is shown now: the newest message of each conversation.
    func shown() async -> [ConversationID: MessageID]
    /// Takes away what is shown of these conversations.
    func withdraw(_ conversations: [ConversationID]) async
    /// The number at the app's icon; none for 0.
    func setBadge(_ count: Int) async
}
