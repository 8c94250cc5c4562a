package org.heliograph.android.ui

import androidx.compose.runtime.Composable
import org.heliograph.AccountSender
import org.heliograph.CertificateProblem
import org.heliograph.Connection
import org.heliograph.ConnectionState
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.Delivery
import org.heliograph.DeliveryState
import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.Member
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Push
import org.heliograph.PushState
import org.heliograph.Recipient
import org.heliograph.SeamKind
import org.heliograph.Security
import org.heliograph.ServerCertificate
import org.heliograph.Settings
import org.heliograph.Situation
import org.heliograph.SituationUsage
import org.heliograph.Traffic
import org.heliograph.Unreadable
import org.heliograph.UnreadableReason
import org.heliograph.Usage
import org.heliograph.Waiting
import org.heliograph.android.state.ChatHeader
import org.heliograph.android.state.ChatItem
import org.heliograph.android.state.ChatState
import org.heliograph.android.state.ConnectionLine
import org.heliograph.android.state.DeliveryScreenState
import org.heliograph.android.state.Glimpse
import org.heliograph.android.state.Hit
import org.heliograph.android.state.InboxRow
import org.heliograph.android.state.InboxState
import org.heliograph.android.state.KeyFailure
import org.heliograph.android.state.LinkState
import org.heliograph.android.state.MembersState
import org.heliograph.android.state.NewChatState
import org.heliograph.android.state.NewGroupState
import org.heliograph.android.state.OwnCodeState
import org.heliograph.android.state.Person
import org.heliograph.android.state.Preferences
import org.heliograph.android.state.Route
import org.heliograph.android.state.SearchState
import org.heliograph.android.state.SettingsState
import org.heliograph.android.state.SignInState
import java.time.Clock
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId

/** States of every screen, as pictures and tests show them: a day at a flooded river. */
internal object Samples {
    private val ZONE: ZoneId = ZoneId.of("UTC")

    /** Now, in all samples. */
    val NOW: Instant = Instant.parse("2026-03-14T15:30:00Z")
    val CLOCK: Clock = Clock.fixed(NOW, ZONE)
    private val ANA = AccountSender("ana@relief.example", "ana")
    private val BEN = AccountSender("ben@relief.example", "ben")
    private val CAM = AccountSender("cam@hospital.example", "cam")

    private fun ago(minutes: Int): Long = NOW.minusSeconds(minutes * 60L).toEpochMilli()

    fun failure(code: FailureCode): Failure = Failure(code, code.name, false, "", "")

    fun message(
        row: Long,
        text: String,
        minutes: Int,
        sender: AccountSender = BEN,
        state: DeliveryState = DeliveryState.DELIVERED,
        security: Security = Security.ENCRYPTED,
    ): Message = Message(
        row = MessageRow(row),
        conversation = ConversationId(1),
        id = "m$row",
        sender = sender,
        outgoing = sender == ANA,
        security = security,
        text = text,
        readable = text,
        sentAtMs = ago(minutes),
        receivedAtMs = ago(minutes),
        position = row,
        state = state,
        failure = if (state == DeliveryState.FAILED) failure(FailureCode.TOO_LARGE) else null,
        deliveredTo = 0u,
        displayedBy = 0u,
        revision = 1u,
    )

    private fun bubble(message: Message, first: Boolean = true, last: Boolean = true, author: String? = null) =
        ChatItem.Bubble(message, author, first, last)

    val inbox = InboxState(
        listOf(
            row(1, "Bridge crew", ConversationKind.GROUP, 4, last("The water is at the second mark.", "ben"), 3u),
            row(2, "cam", glimpse = last("12 beds are free now", null, DeliveryState.DISPLAYED), minutes = 25),
            row(3, "dara", glimpse = Glimpse.Draft("Can you bring the generator to"), minutes = 48),
            row(4, "مركز الإيواء", ConversationKind.GROUP, 75, last("نحتاج إلى مئة بطانية قبل المساء", "سلمى"), 12u),
            row(5, "eli", glimpse = last("On my way", null, DeliveryState.QUEUED), minutes = 130),
            row(
                6,
                "volunteers",
                ConversationKind.ROOM,
                900,
                last("Who has a van with a tow bar?", "fay"),
                security = Security.PLAIN,
            ),
            row(7, "Night shift", ConversationKind.GROUP, 2900, Glimpse.Nothing, state = ConversationState.PREPARING),
        ),
        ConnectionLine.Fine,
    )

    private fun last(text: String, author: String?, state: DeliveryState? = null) = Glimpse.Last(text, author, state)

    private fun row(
        id: Long,
        title: String,
        kind: ConversationKind = ConversationKind.DIRECT,
        minutes: Int = 10,
        glimpse: Glimpse,
        unread: ULong = 0u,
        security: Security = Security.ENCRYPTED,
        state: ConversationState = ConversationState.ACTIVE,
    ) = InboxRow(
        ConversationId(id), title, "$title@relief.example", kind, security, state, glimpse, unread, ago(minutes),
    )

    private fun header(security: Security = Security.ENCRYPTED, state: ConversationState = ConversationState.ACTIVE) =
        ChatHeader(
            "Bridge crew",
            "bridge@rooms.relief.example",
            ConversationKind.GROUP,
            security,
            state,
            mayWrite = state == ConversationState.ACTIVE || state == ConversationState.PREPARING,
            failure = null,
        )

    val chat = ChatState(
        header = header(),
        items = listOf(
            ChatItem.Gap(SeamKind.NOT_LOADED, "gap 1"),
            ChatItem.Day(LocalDate.of(2026, 3, 13), "day 1"),
            bubble(message(1, "The road from the north is closed since noon.", 1400), last = false, author = "ben"),
            bubble(message(2, "Use the one by the mill.", 1399), first = false),
            bubble(message(3, "Understood. We take the mill road.", 1390, ANA, DeliveryState.DISPLAYED)),
            ChatItem.Day(LocalDate.of(2026, 3, 14), "day 4"),
            bubble(message(4, "هل وصل المولّد إلى المستشفى؟", 60, CAM), author = "cam"),
            bubble(message(5, "Yes, since an hour. It runs.", 40, ANA, DeliveryState.DELIVERED)),
            ChatItem.NewFromHere,
            bubble(message(6, "The water is at the second mark.", 4), author = "ben"),
            bubble(message(7, "Moving the pumps up now.", 1, ANA, DeliveryState.QUEUED)),
        ),
        draft = "",
    )

    val chatPlain = ChatState(
        header = ChatHeader(
            "volunteers",
            "volunteers@rooms.relief.example",
            ConversationKind.ROOM,
            Security.PLAIN,
            ConversationState.ACTIVE,
            mayWrite = true,
            failure = null,
        ),
        items = listOf(
            ChatItem.Day(LocalDate.of(2026, 3, 14), "day 1"),
            bubble(message(1, "Who has a van with a tow bar?", 90, security = Security.PLAIN), author = "fay"),
            bubble(message(2, "I do", 80, ANA, DeliveryState.FAILED, Security.PLAIN)),
        ),
        line = ConnectionLine.NoNetwork,
        draft = "It is the white one, and it stands behind the school. The key is with the caretaker.",
        unreadable = listOf(Unreadable(UnreadableReason.WAITING_FOR_KEYS, 2u)),
    )

    val chatEmpty = ChatState(
        header = header(state = ConversationState.PREPARING),
        items = emptyList(),
        draft = "",
        line = ConnectionLine.Connecting,
    )

    val chatFailed = ChatState(
        header = header(state = ConversationState.LEFT),
        items = listOf(
            ChatItem.Gap(SeamKind.BEFORE_JOINING, "gap 1"),
            ChatItem.Day(LocalDate.of(2026, 3, 14), "day 1"),
            bubble(message(1, "Thank you all. See you next spring.", 90), author = "ben"),
        ),
        draft = "",
        failure = failure(FailureCode.NETWORK_UNAVAILABLE),
        line = ConnectionLine.Stopped(FailureCode.AUTHENTICATION_FAILED),
    )

    val certificate = SignInState(
        certificate = ServerCertificate(
            fingerprintSha256 = (0 until 32).joinToString(":") { "%02X".format((it * 37 + 11) % 256) },
            keyPin = "pin",
            subject = "relief.example",
            issuer = "relief.example",
            notBeforeMs = ago(60 * 24 * 30),
            notAfterMs = ago(-60 * 24 * 335),
            trusted = false,
            confirmable = true,
            problem = CertificateProblem.UNKNOWN_ISSUER,
        ),
    )

    val expired = SignInState(
        certificate = certificate.certificate?.copy(
            notAfterMs = ago(60 * 24),
            confirmable = false,
            problem = CertificateProblem.EXPIRED,
        ),
    )

    val members = MembersState(
        "Bridge crew",
        listOf(
            Member("ana@relief.example", "ana", true),
            Member("ben@relief.example", "ben", false),
            Member("cam@hospital.example", "cam", false),
        ),
        mayChange = true,
    )

    val newGroup = NewGroupState(
        chosen = listOf(Person("ben@relief.example", "ben")),
        known = listOf(Person("cam@hospital.example", "cam"), Person("dara@relief.example", "dara")),
    )

    val search = SearchState(
        listOf(
            Hit(
                MessageRow(6),
                ConversationId(1),
                "Bridge crew",
                "ben",
                "The water is at the second mark.",
                listOf(4..8),
                ago(4),
            ),
            Hit(
                MessageRow(5),
                ConversationId(2),
                "cam",
                null,
                "…and bring drinking water for forty, and water for the animals.",
                listOf(20..24, 41..45),
                ago(300),
            ),
        ),
    )

    private fun delivery(state: DeliveryState, waiting: Waiting?) = Delivery(
        message = message(7, "Moving the pumps up now.", 12, ANA, state),
        waitingFor = waiting,
        advice = "",
        attempts = 2u,
        queuedAtMs = ago(12),
        recipients = listOf(
            Recipient("ben@relief.example", "ben", ago(3), ago(2)),
            Recipient("cam@hospital.example", "cam", ago(3), null),
            Recipient("dara@relief.example", "dara", null, null),
        ),
        maySendAgain = state == DeliveryState.FAILED,
        mayDiscard = state == DeliveryState.FAILED || state == DeliveryState.QUEUED,
    )

    val waiting = DeliveryScreenState(
        delivery(DeliveryState.QUEUED, Waiting.CONNECTION),
        ConnectionLine.Waiting(FailureCode.NETWORK_UNAVAILABLE, ago(-2)),
    )
    val failed = DeliveryScreenState(delivery(DeliveryState.FAILED, null), ConnectionLine.Fine)
    val delivered = DeliveryScreenState(delivery(DeliveryState.ARCHIVED, Waiting.RECIPIENTS), ConnectionLine.Fine)

    val link = LinkState(
        connection = Connection(
            state = ConnectionState.WAITING,
            situation = Situation.FOREGROUND,
            failure = failure(FailureCode.NETWORK_UNAVAILABLE),
            retryAtMs = ago(-2),
            caughtUp = true,
            unanswered = false,
            idle = false,
            lacking = listOf(FailureCode.PUSH_UNAVAILABLE),
        ),
        traffic = Traffic(18_400u, 96_000u, 31u, 4u, 3u),
        usage = Usage(
            ago(60 * 24 * 6),
            listOf(
                usage(Situation.FOREGROUND, 5_400u, 120_000u, 910_000u, 12u, 40u),
                usage(Situation.BACKGROUND, 43_000u, 31_000u, 76_000u, 9u, 210u),
                usage(Situation.PUSH_WAKE, 55u, 9_000u, 24_000u, 22u, 22u),
                usage(Situation.LOW_POWER, 21_000u, 2_000u, 3_000u, 2u, 12u),
            ),
        ),
        push = Push(PushState.OFF, null, null),
        nextCatchUpMs = ago(-22),
    )

    private fun usage(situation: Situation, seconds: ULong, up: ULong, down: ULong, connects: ULong, wakes: ULong) =
        SituationUsage(situation, seconds, up, down, connects, connects, wakes)

    val settings = SettingsState(
        "ana@relief.example",
        "ana",
        "0.1.0",
        Preferences(liveMode = true),
        Settings(readReceipts = true),
    )

    /** Every screen, by name, in the order of the contact sheet. */
    val screens: Map<String, @Composable () -> Unit> = linkedMapOf(
        "sign-in" to { SignInPane(SignInState(), SignInEvents()) },
        "sign-in-error" to {
            SignInPane(SignInState(failure = failure(FailureCode.AUTHENTICATION_FAILED)), SignInEvents(), true)
        },
        "sign-in-certificate" to { SignInPane(certificate, SignInEvents()) },
        "sign-in-certificate-expired" to { SignInPane(expired, SignInEvents()) },
        "inbox" to { InboxPane(inbox, {}, {}) },
        "inbox-empty" to { InboxPane(InboxState(emptyList(), ConnectionLine.NoNetwork), {}, {}) },
        "inbox-error" to {
            InboxPane(
                InboxState(
                    null,
                    ConnectionLine.Stopped(FailureCode.AUTHENTICATION_FAILED),
                    failure(FailureCode.DISK_FULL),
                ),
                {},
                {},
            )
        },
        "chat" to { ChatPane(chat, CHAT, ChatEvents(), {}, {}) },
        "chat-plain" to { ChatPane(chatPlain, CHAT, ChatEvents(), {}, {}) },
        "chat-empty" to { ChatPane(chatEmpty, CHAT, ChatEvents(), {}, {}) },
        "chat-left" to { ChatPane(chatFailed, CHAT, ChatEvents(), {}, {}) },
        "new-chat" to { NewChatPane(NewChatState(failure = failure(FailureCode.INVALID_ARGUMENT)), {}, {}, {}) },
        "new-group" to { NewGroupPane(newGroup, NewGroupEvents(), {}) },
        "members" to { MembersPane(members, {}, {}, {}) },
        "search" to { SearchPane(search, {}, {}, {}, "water") },
        "search-empty" to { SearchPane(SearchState(emptyList()), {}, {}, {}, "submarine") },
        "delivery-waiting" to { DeliveryPane(waiting, DeliveryEvents(), {}) },
        "delivery-failed" to { DeliveryPane(failed, DeliveryEvents(), {}) },
        "delivery-archived" to { DeliveryPane(delivered, DeliveryEvents(), {}) },
        "connection" to { LinkPane(link, {}, {}, {}) },
        "settings" to { SettingsPane(settings, SettingsEvents(), {}, {}) },
        "own-code" to { OwnCodePane(OwnCodeState("ana@relief.example", "xmpp:ana@relief.example")) {} },
        "broken" to { BrokenPane(failure(FailureCode.STORE_BUSY), {}, {}) },
        "broken-for-good" to { BrokenPane(KeyFailure.LOST.failure(), {}, {}) },
    )

    private val CHAT = Route.Chat(ConversationId(1))
}
