package org.heliograph

import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.withTimeout
import java.nio.file.Path
import java.security.SecureRandom

/** One account on one device, as an app would drive it. Waits for what its user would see, and for nothing else. */
internal class Phone private constructor(val account: TestAccount, val store: Store, val heliograph: Heliograph) {
    /** Connects, and waits until everything that waited on the server is here. */
    suspend fun connect(): Phone {
        // In front: receipts go out within seconds. Behind, they wait for company.
        heliograph.appStateChanged(foreground = true).getOrThrow()
        heliograph.start().getOrThrow()
        within("to catch up") {
            val connection = heliograph.connection.first { it.caughtUp || it.state == ConnectionState.STOPPED }
            check(connection.caughtUp) { "${account.name} gave up: ${connection.failure?.name}" }
        }
        return this
    }

    /**
     * Waits until others can invite this phone.
     *
     * One that is caught up may still be waiting for the server to take its first keys. A server handles what one
     * client asks in order (RFC 6120 §10.1), so whatever is asked now is answered after those were taken: here, whether
     * [without], an account that has no keys, can be encrypted for.
     */
    suspend fun keysPublished(without: TestAccount): Phone {
        val chat = heliograph.startChat(without.address).getOrThrow()
        val answered = untilConversation("for an answer about keys") { it.id == chat && it.isActive }
        check(answered.security == Security.PLAIN) { "an account without keys was taken for one with keys" }
        return this
    }

    /** The first conversation that is as expected, now or as soon as there is one. */
    suspend fun untilConversation(what: String, expected: (Conversation) -> Boolean): Conversation = within(what) {
        heliograph.conversations.mapNotNull { all ->
            all.firstOrNull { it.state == ConversationState.FAILED }?.let { error("failed: ${it.failure?.name}") }
            all.firstOrNull(expected)
        }.first()
    }

    /** The first message in a conversation that is as expected, now or as soon as there is one. */
    suspend fun untilMessage(conversation: ConversationId, what: String, expected: (Message) -> Boolean): Message =
        within(what) {
            heliograph.timeline(conversation).getOrThrow().use { timeline ->
                timeline.states.mapNotNull { it.messages.firstOrNull(expected) }.first()
            }
        }

    /** Sends a text and waits until the server has it. */
    suspend fun sendSafely(conversation: ConversationId, text: String): MessageRow {
        val row = heliograph.send(conversation, text).getOrThrow()
        untilMessage(conversation, "until the server had a text") { it.row == row && it.state in WITH_THE_SERVER }
        return row
    }

    /** Waits with the one deadline that everything has here. */
    private suspend fun <T> within(what: String, wait: suspend () -> T): T = try {
        withTimeout(DEADLINE) { wait() }
    } catch (late: TimeoutCancellationException) {
        throw AssertionError("${account.name} waited in vain $what", late)
    }

    companion object {
        /** States of a text of ours that the server has. */
        val WITH_THE_SERVER = DeliveryState.SENT..DeliveryState.DISPLAYED

        val Conversation.isActive get() = state == ConversationState.ACTIVE

        fun storeIn(folder: Path, name: String): Store =
            Store(folder.resolve("$name.db").toString(), ByteArray(Store.KEY_BYTES).also(SecureRandom()::nextBytes))

        /** Signs in on a new phone. Not connected. */
        suspend fun add(name: String, folder: Path): Phone {
            val account = Environment.account(name)
            val store = storeIn(folder, name)
            Heliograph.addAccount(store, Environment.configuration(account)).getOrThrow()
            return Phone(account, store, Heliograph.open(store).getOrThrow())
        }
    }
}
