package org.heliograph.android.platform

import android.os.Looper
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.heliograph.AccountConfig
import org.heliograph.ConnectionState
import org.heliograph.ConversationId
import org.heliograph.Heliograph
import org.heliograph.android.HeliographApplication
import org.heliograph.android.state.Account
import org.heliograph.conversations
import org.heliograph.getOrThrow
import org.heliograph.send
import org.heliograph.startChat
import org.heliograph.timeline
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowPausedLooper
import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours

/**
 * The app as somebody builds it who has a push service. What is let go when it goes behind is so far off that a test
 * sees who let it go.
 */
internal open class PhoneApp : HeliographApplication() {
    override val pushService: String get() = "push.example.org"
    override val grace: Duration get() = 1.hours
}

/** As if the user had come and signed in. */
internal suspend fun PhoneAccount.signIn(config: AccountConfig): Account.Open {
    visible(true)
    account.until { it is Account.None }
    add(config).getOrThrow()
    return account.until { it is Account.Open } as Account.Open
}

/** Has heard everything from its server, and is heard. */
internal suspend fun Account.Open.online() = messenger.connection().until { it.caughtUp && it.idle }

/** Is suspended. */
internal suspend fun Account.Open.asleep() = messenger.connection().until { it.state == ConnectionState.SUSPENDED }

/** As if the user had left, and time had passed. */
internal suspend fun PhoneAccount.sleep(open: Account.Open) {
    visible(false)
    memoryShort()
    open.asleep()
    // Whoever holds it next waits for what is still being put away.
    hold(connect = false).getOrThrow()
    letGo()
}

/** Somebody who writes to the phone. */
internal class Contact(name: String, folder: File) {
    val client: Heliograph = runBlocking { Server.contact(name, folder) }

    /** Begins a chat with [account], which is ready when this returns. */
    suspend fun chat(account: String): ConversationId {
        val chat = client.startChat(Server.account(account).address).getOrThrow()
        client.conversations.until { all -> all.any { it.id == chat && it.state.name == "ACTIVE" } }
        return chat
    }

    /** Writes, and waits until the server has it. */
    suspend fun writes(chat: ConversationId, text: String) {
        client.send(chat, text).getOrThrow()
        client.timeline(chat).getOrThrow().use { timeline ->
            timeline.states.until { state -> state.messages.any { it.text == text && it.state.ordinal >= SENT } }
        }
    }

    private companion object {
        /** Where `DeliveryState` says that the server has it. */
        const val SENT = 2
    }
}

/** Lets the main thread work until it is as expected. */
internal fun mainUntil(expected: () -> Boolean) {
    val looper = shadowOf(Looper.getMainLooper()) as ShadowPausedLooper
    val end = System.nanoTime() + DEADLINE.inWholeNanoseconds
    while (!expected()) {
        check(System.nanoTime() < end) { "it did not come to that" }
        // Waits for work, and not longer than a moment: what is expected may be done by another thread.
        looper.poll(POLL_MS)
        looper.idle()
    }
}

private const val POLL_MS = 20L
