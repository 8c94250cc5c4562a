package org.heliograph.android.platform

import android.content.Context
import android.net.ConnectivityManager
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.launch
import org.heliograph.FailureException
import org.heliograph.Heliograph
import org.heliograph.conversations

/**
 * What a client that is awake hears from the phone, and what the phone shows of it. Nothing of this runs while the
 * client is suspended.
 */
internal class Surroundings(
    private val context: Context,
    private val notifications: MessageNotifications,
    private val schedule: CatchUpSchedule,
    private val scope: CoroutineScope,
) {
    private var network: NetworkMonitor? = null
    private var power: PowerMonitor? = null
    private var showing: Job? = null

    /** The client woke: tells it how things are and will be, and shows what is new. */
    fun enter(client: Heliograph) {
        network = NetworkMonitor(context.service<ConnectivityManager>()) { now ->
            client.networkChanged(now.available, now.id, now.previousGone, now.nameServers)
        }.also { it.start() }
        power = PowerMonitor(context) { client.powerChanged(it) }.also { it.start() }
        showing = scope.launch {
            try {
                client.conversations.conflate().collect { notifications.show(client) }
            } catch (_: FailureException) {
                // Reading failed; the screens say so.
            }
        }
    }

    /** The client is about to sleep. */
    fun leave() {
        network?.stop()
        power?.stop()
        showing?.cancel()
        network = null
        power = null
        showing = null
    }

    /** Shows now what is unread. */
    suspend fun show(client: Heliograph) = notifications.show(client)

    /** The client wants to be woken then, in milliseconds since 1970; nothing: not at all. */
    fun wakeAt(atMs: Long?) = schedule.at(atMs)
}
