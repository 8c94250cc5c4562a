package org.heliograph

import kotlin.time.Instant

// Plain data, as the generator writes it from the core's own records, so that nothing is copied field by field on its
// way to a screen. What they hold is for the user's eyes: texts and addresses don't belong in logs.

/** What is needed to sign in. Kept inside the encrypted database. */
public typealias AccountConfig = org.heliograph.ffi.AccountConfig

/** A server's place, where DNS does not know it. */
public typealias ServerOverride = org.heliograph.ffi.ServerOverride

/** How TLS starts. */
public typealias TlsMode = org.heliograph.ffi.TlsMode

/** Why something failed. Holds no address, text or key, so it may be logged. */
public typealias Failure = org.heliograph.ffi.Failure

/** What went wrong, as far as an app can act on it: made for a `when` without `else`. */
public typealias FailureCode = org.heliograph.ffi.ErrorCode

/** The certificate that a server shows. As long as it is not trusted, its names prove nothing. */
public typealias ServerCertificate = org.heliograph.ffi.ServerCertificate

/** Why a certificate is not accepted. */
public typealias CertificateProblem = org.heliograph.ffi.CertificateProblem

/** Somebody, or a room, to write to. */
public typealias Contact = org.heliograph.ffi.Contact

/** What an address is the address of. */
public typealias ContactKind = org.heliograph.ffi.ContactKind

/** One conversation. A later copy with the same id and a higher revision replaces an earlier one. */
public typealias Conversation = org.heliograph.ffi.Conversation

/** What a conversation is. */
public typealias ConversationKind = org.heliograph.ffi.ConversationKind

/** Whether a conversation can be used. */
public typealias ConversationState = org.heliograph.ffi.ConversationState

/** The last message of a timeline, for the line of its conversation in the list. */
public typealias Preview = org.heliograph.ffi.Preview

/** A conversation with unread messages, as a notification shows it. */
public typealias Notification = org.heliograph.ffi.Notification

/** Somebody in a group. */
public typealias Member = org.heliograph.ffi.Member

/** Whether a conversation or a message is end-to-end encrypted. */
public typealias Security = org.heliograph.ffi.Security

/** One message. A later copy with the same row and a higher revision replaces an earlier one. */
public typealias Message = org.heliograph.ffi.Message

/** How far a message of ours has got. */
public typealias DeliveryState = org.heliograph.ffi.DeliveryState

/** Everything that is known about how a message of ours travels. */
public typealias Delivery = org.heliograph.ffi.Delivery

/** One account that a message is for. */
public typealias Recipient = org.heliograph.ffi.Recipient

/** What a message waits for. */
public typealias Waiting = org.heliograph.ffi.Waiting

/** What the user has chosen. */
public typealias Settings = org.heliograph.ffi.Settings

/** How much is said in the log. Each includes those before it. */
public typealias LogLevel = org.heliograph.ffi.LogLevel

/** Who wrote a message: an [AccountSender] or an [OccupantSender]. */
public typealias Sender = org.heliograph.ffi.Sender

/** An account, by its address. */
public typealias AccountSender = org.heliograph.ffi.Sender.Account

/** Somebody in an ordinary room who is known by a nick only, which may look like an address and proves nothing. */
public typealias OccupantSender = org.heliograph.ffi.Sender.Occupant

/** A message that was found. */
public typealias SearchHit = org.heliograph.ffi.SearchHit

/** A part of a text, in bytes of its UTF-8: see [SearchHit.textRanges]. */
public typealias TextRange = org.heliograph.ffi.TextRange

/** A hole in the history. */
public typealias Seam = org.heliograph.ffi.Seam

/** Why messages are missing, and whether they can be had. */
public typealias SeamKind = org.heliograph.ffi.SeamKind

/** What [Heliograph.loadOlder] brought. */
public typealias Older = org.heliograph.ffi.Older

/** Messages of one conversation that can't be read for one reason. */
public typealias Unreadable = org.heliograph.ffi.Unreadable

/** Why messages can't be read. */
public typealias UnreadableReason = org.heliograph.ffi.UnreadableReason

/** The state of the connection. */
public typealias Connection = org.heliograph.ffi.Connection

/** What the connection is doing. */
public typealias ConnectionState = org.heliograph.ffi.ConnectionState

/** What the phone is doing, which decides how often and how fast the client does things. */
public typealias Situation = org.heliograph.ffi.Situation

/** The power as it is now. */
public typealias PowerState = org.heliograph.ffi.PowerState

/** What an account cost on the wire since it was opened. */
public typealias Traffic = org.heliograph.ffi.Traffic

/** What an account cost in the last days. */
public typealias Usage = org.heliograph.ffi.Usage

/** What an account cost while the phone was doing one thing. */
public typealias SituationUsage = org.heliograph.ffi.SituationUsage

/** What [Heliograph.catchUp] brought. */
public typealias CatchUpReport = org.heliograph.ffi.CatchUpReport

/** What ended a [Heliograph.catchUp]. */
public typealias CatchUpEnd = org.heliograph.ffi.CatchUpEnd

/** How far push has got. */
public typealias Push = org.heliograph.ffi.Push

/** How far push has got, in a word. */
public typealias PushState = org.heliograph.ffi.PushState

/** A registration at an app server, as that handed it out. */
public typealias PushTarget = org.heliograph.ffi.PushTarget

/** One field of what goes with a [PushTarget]. */
public typealias PushOption = org.heliograph.ffi.PushOption

/** What to call them: one line, never empty; two may share it. */
public val Sender.name: String
    get() = when (this) {
        is AccountSender -> name
        is OccupantSender -> name
    }

/** When the last message came or went. */
public val Conversation.lastActivity: Instant? get() = lastActivityMs?.let(Instant::fromEpochMilliseconds)

/** When its sender says that it was sent. Not to be trusted for order. */
public val Message.sentAt: Instant get() = Instant.fromEpochMilliseconds(sentAtMs)

/** When it came to this device. */
public val Message.receivedAt: Instant get() = Instant.fromEpochMilliseconds(receivedAtMs)

/** When its sender says that it was sent. Not to be trusted for order. */
public val Preview.sentAt: Instant get() = Instant.fromEpochMilliseconds(sentAtMs)

/** When it begins to be valid. */
public val ServerCertificate.notBefore: Instant get() = Instant.fromEpochMilliseconds(notBeforeMs)

/** Until when it is valid. */
public val ServerCertificate.notAfter: Instant get() = Instant.fromEpochMilliseconds(notAfterMs)

/** When it will be tried again by itself. */
public val Connection.retryAt: Instant? get() = retryAtMs?.let(Instant::fromEpochMilliseconds)
