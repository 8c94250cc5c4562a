import Foundation
import HeliographCore

// The records of the core, as the generator writes them. All are `Sendable` values.

/// What is needed to sign in. Kept inside the encrypted database.
public typealias AccountConfig = HeliographCore.AccountConfig
/// A server's place, where DNS does not know it.
public typealias ServerOverride = HeliographCore.ServerOverride
/// How TLS starts.
public typealias TlsMode = HeliographCore.TlsMode

/// One conversation. A later copy with the same id and a higher revision replaces an earlier one.
public typealias Conversation = HeliographCore.Conversation
/// Somebody in a group.
public typealias Member = HeliographCore.Member
/// Names a conversation on this device.
public typealias ConversationID = HeliographCore.ConversationID
/// What a conversation is.
public typealias ConversationKind = HeliographCore.ConversationKind
/// Whether a conversation can be used.
public typealias ConversationState = HeliographCore.ConversationState

/// One message. A later copy with the same row and a higher revision replaces an earlier one.
public typealias Message = HeliographCore.Message
/// Names a message on this device.
public typealias MessageID = HeliographCore.MessageID
/// Who wrote a message.
public typealias Sender = HeliographCore.Sender
/// How far a message of ours has got.
public typealias DeliveryState = HeliographCore.DeliveryState
/// Whether a conversation or a message is end-to-end encrypted.
public typealias Security = HeliographCore.Security

/// The last message of a timeline, for the line of its conversation in the list.
public typealias Preview = HeliographCore.Preview
/// A conversation with unread messages, as a notification shows it.
public typealias UnreadConversation = HeliographCore.Notification
/// Everything that is known about how a message of ours travels.
public typealias Delivery = HeliographCore.Delivery
/// One account that a message is for.
public typealias Recipient = HeliographCore.Recipient
/// What a message waits for.
public typealias Waiting = HeliographCore.Waiting
/// Somebody, or a room, to write to.
public typealias Contact = HeliographCore.Contact
/// What an address is the address of.
public typealias ContactKind = HeliographCore.ContactKind
/// The certificate that a server shows.
public typealias ServerCertificate = HeliographCore.ServerCertificate
/// Why a certificate is not trusted.
public typealias CertificateProblem = HeliographCore.CertificateProblem

/// Messages of one conversation, from old to new.
public typealias TimelinePage = HeliographCore.TimelinePage
/// A message that was found.
public typealias SearchHit = HeliographCore.SearchHit
/// A part of a text, in bytes of its UTF-8.
public typealias TextRange = HeliographCore.TextRange
/// A hole in the history.
public typealias Seam = HeliographCore.Seam
/// Why messages are missing, and whether they can be had.
public typealias SeamKind = HeliographCore.SeamKind
/// What ``Client/loadOlder(in:wanted:)`` brought.
public typealias Older = HeliographCore.Older
/// Messages of one conversation that can't be read for one reason.
public typealias Unreadable = HeliographCore.Unreadable
/// Why messages can't be read.
public typealias UnreadableReason = HeliographCore.UnreadableReason

/// The state of the connection.
public typealias Connection = HeliographCore.Connection
/// What the connection is doing.
public typealias ConnectionState = HeliographCore.ConnectionState
/// What the phone is doing, which decides how often and how fast the client does things.
public typealias Situation = HeliographCore.Situation
/// The power as it is now.
public typealias PowerState = HeliographCore.PowerState
/// What an account cost on the wire since it was opened.
public typealias Traffic = HeliographCore.Traffic
/// What an account cost in the last days.
public typealias Usage = HeliographCore.Usage
/// What an account cost while the phone was doing one thing.
public typealias SituationUsage = HeliographCore.SituationUsage
/// What the user has chosen for an account.
public typealias Settings = HeliographCore.Settings
/// How much is said in the log. Each includes those before it.
public typealias LogLevel = HeliographCore.LogLevel
/// What ``Client/catchUp(within:)`` brought.
public typealias CatchUpReport = HeliographCore.CatchUpReport
/// What ended a ``Client/catchUp(within:)``.
public typealias CatchUpEnd = HeliographCore.CatchUpEnd

/// How far push has got.
public typealias Push = HeliographCore.Push
/// How far push has got, in a word.
public typealias PushState = HeliographCore.PushState
/// A registration at an app server.
public typealias PushTarget = HeliographCore.PushTarget
/// One field of what goes with a ``PushTarget``.
public typealias PushOption = HeliographCore.PushOption

extension Conversation: Identifiable {
    /// When the last message came or went.
    public var lastActivity: Date? {
        lastActivityMs.map(Date.init(millisecondsSince1970:))
    }
}

extension Sender {
    /// What to call them: one line, never empty; two may share it.
    public var name: String {
        switch self {
        case .account(_, let name), .occupant(_, let name): name
        }
    }
}

extension Message {
    /// When its sender says that it was sent. Not to be trusted for order.
    public var sentAt: Date {
        Date(millisecondsSince1970: sentAtMs)
    }

    /// When it came to this device.
    public var receivedAt: Date {
        Date(millisecondsSince1970: receivedAtMs)
    }
}

extension Preview {
    /// When its sender says that it was sent. Not to be trusted for order.
    public var sentAt: Date {
        Date(millisecondsSince1970: sentAtMs)
    }
}

extension Delivery {
    /// When it was put into the queue.
    public var queuedAt: Date {
        Date(millisecondsSince1970: queuedAtMs)
    }
}

extension Recipient {
    /// When it was on a device of theirs, as that said.
    public var deliveredAt: Date? {
        deliveredAtMs.map(Date.init(millisecondsSince1970:))
    }

    /// When it was shown to them, as their device said.
    public var displayedAt: Date? {
        displayedAtMs.map(Date.init(millisecondsSince1970:))
    }
}

extension ServerCertificate {
    /// When it begins to be valid.
    public var notBefore: Date {
        Date(millisecondsSince1970: notBeforeMs)
    }

    /// Until when it is valid.
    public var notAfter: Date {
        Date(millisecondsSince1970: notAfterMs)
    }
}

extension Connection {
    /// When it will be tried again by itself.
    public var retryAt: Date? {
        retryAtMs.map(Date.init(millisecondsSince1970:))
    }
}

extension Date {
    init(millisecondsSince1970 milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
