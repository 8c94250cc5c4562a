package org.heliograph.android.state

import org.heliograph.AccountSender
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.DeliveryState
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Security

/** A message by hand. [at] is in minutes since 1970. */
public fun sampleMessage(
    row: Long,
    text: String = "text $row",
    at: Long = row,
    from: String = "ben@relief.example",
    state: DeliveryState = DeliveryState.DELIVERED,
    position: Long? = row,
    conversation: Long = 1,
    revision: ULong = 1u,
): Message = Message(
    row = MessageRow(row),
    conversation = ConversationId(conversation),
    id = "id $row",
    sender = AccountSender(from, from.substringBefore('@')),
    outgoing = from.startsWith("ana@"),
    security = Security.ENCRYPTED,
    text = text,
    readable = text,
    sentAtMs = at * 60_000,
    receivedAtMs = at * 60_000,
    position = position,
    state = state,
    failure = null,
    deliveredTo = 0u,
    displayedBy = 0u,
    revision = revision,
)

/** A conversation by hand. */
public fun sampleConversation(
    id: Long = 1,
    kind: ConversationKind = ConversationKind.GROUP,
    name: String? = "Bridge crew",
    address: String = "bridge@rooms.relief.example",
    unread: ULong = 0u,
    draft: String = "",
    preview: org.heliograph.Preview? = null,
    state: ConversationState = ConversationState.ACTIVE,
    mayChangeMembers: Boolean = false,
): Conversation = Conversation(
    id = ConversationId(id),
    kind = kind,
    address = address,
    name = name,
    title = name ?: address.substringBefore('@'),
    security = Security.ENCRYPTED,
    state = state,
    failure = null,
    mayWrite = state == ConversationState.ACTIVE || state == ConversationState.PREPARING,
    mayChangeMembers = mayChangeMembers,
    createdAtMs = 0,
    unread = unread,
    lastActivityMs = 60_000,
    draft = draft,
    draftLine = draft.ifEmpty { null },
    preview = preview,
    revision = 1u,
)
