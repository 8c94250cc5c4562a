package org.heliograph

import kotlinx.coroutines.flow.Flow

/** Queues a text; it is safe on this device when this returns. Gives the row of the message. */
public suspend fun Heliograph.send(conversation: ConversationId, text: String): Outcome<MessageRow> =
    attempt { MessageRow(core.send(conversation.number, text)) }

/**
 * [send] from a notification: everything up to the message in [row] is read with it, and what is being written in the
 * conversation itself stays.
 */
public suspend fun Heliograph.reply(conversation: ConversationId, row: MessageRow, text: String): Outcome<MessageRow> =
    attempt { MessageRow(core.reply(conversation.number, row.number, text)) }

/**
 * How far a message of ours has got, to whom, and what it waits for: "why was this not delivered?" Fails with
 * [FailureCode.NOT_FOUND] if there is no such message of ours.
 */
public suspend fun Heliograph.delivery(row: MessageRow): Outcome<Delivery> = attempt { core.delivery(row.number) }

/**
 * Sends a message in state [DeliveryState.FAILED] once more. It keeps its row and its id, and stands at the end of the
 * timeline. Fails with [FailureCode.NOT_FOUND], [FailureCode.INVALID_ARGUMENT] (it did not fail), and as [send] does.
 */
public suspend fun Heliograph.sendAgain(row: MessageRow): Outcome<Unit> = attempt { core.sendAgain(row.number) }

/**
 * Takes back a message that failed, or that was never sent. It leaves the timeline; [messages] brings it a last time,
 * in state [DeliveryState.DISCARDED] and without its text. Fails with [FailureCode.NOT_FOUND],
 * [FailureCode.INVALID_ARGUMENT] (it may have reached somebody).
 */
public suspend fun Heliograph.discard(row: MessageRow): Outcome<Unit> = attempt { core.discard(row.number) }

/**
 * The user has seen the conversation up to the message in this row. Its authors learn that, unless the user has turned
 * it off: see [settings].
 */
public suspend fun Heliograph.markRead(conversation: ConversationId, row: MessageRow): Outcome<Unit> =
    attempt { core.markRead(conversation.number, row.number) }

/**
 * Loads messages from before the newest seam of a conversation, as [Timeline.loadOlder] does for a screen: at least
 * [wanted] (1 to 1000), if the server has so many. Returns when they are stored.
 */
public suspend fun Heliograph.loadOlder(conversation: ConversationId, wanted: Int): Outcome<Older> =
    attempt { core.loadOlder(conversation.number, wanted.toCount()) }

/** How many messages of a conversation can't be read, and why. */
public suspend fun Heliograph.unreadable(conversation: ConversationId): Outcome<List<Unreadable>> =
    attempt { core.unreadable(conversation.number) }

/**
 * The messages of all conversations that are new or have changed, from when collecting begins, in the order of change.
 * Ends when the client is shut down; ends with a [FailureException] where reading fails.
 */
public val Heliograph.messages: Flow<List<Message>> get() = pulled { messageFeed() }

/** Subscribes to the messages of all conversations, from now on: [messages] for those who wait with a limit. */
public suspend fun Heliograph.messageFeed(): Outcome<Feed<Message>> = attempt {
    Feed(MessageSource(core.allMessages()))
}

private class MessageSource(private val feed: org.heliograph.ffi.MessageFeed) : Feed.Source<Message> {
    override suspend fun ready() = feed.ready()

    override fun take(max: UInt) = feed.take(max)

    override fun close() = feed.close()
}
