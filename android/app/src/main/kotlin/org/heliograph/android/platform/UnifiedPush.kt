package org.heliograph.android.platform

import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import androidx.core.content.edit
import org.heliograph.PushTarget
import java.util.UUID

/**
 * Being woken through another app on the phone, a distributor, which keeps one connection for all (UnifiedPush, AND_3).
 *
 * The distributor hands out an endpoint, a web address. The account's server speaks XMPP and not HTTP, so what
 * announces messages is a push service (XEP-0357) whose address the app's builder sets in `push_service`; to that the
 * endpoint is the node. Without such an address nothing is registered.
 */
internal class UnifiedPush(
    private val context: Context,
    /** The push service of this build; empty if there is none. */
    private val service: () -> String,
) {
    private val file by lazy { context.getSharedPreferences("unified-push", Context.MODE_PRIVATE) }

    /** Apps on this phone that distribute push messages. */
    fun distributors(): List<String> = context.packageManager
        .queryBroadcastReceivers(Intent(REGISTER), 0)
        .map { it.activityInfo.packageName }
        .distinct()

    /**
     * Asks a distributor for an endpoint, unless there is a registration with one that is still on the phone. True if
     * one was asked.
     */
    fun register(): Boolean {
        val distributor = file.getString(DISTRIBUTOR, null)
        val isRegistered = file.getString(TOKEN, null) != null && distributors().any { it == distributor }
        return !isRegistered && ask(UUID.randomUUID().toString())
    }

    /** Asks again, with the same token: distributors want that after an app has changed. */
    fun renew(): Boolean = file.getString(TOKEN, null)?.let(::ask) ?: false

    private fun ask(token: String): Boolean {
        val known = distributors()
        val distributor = file.getString(DISTRIBUTOR, null)?.takeIf { it in known } ?: known.firstOrNull()
        if (service().isEmpty() || distributor == null) return false
        file.edit {
            putString(TOKEN, token)
            putString(DISTRIBUTOR, distributor)
        }
        context.sendBroadcast(
            Intent(REGISTER).setPackage(distributor).putExtra(EXTRA_TOKEN, token)
                // Who asks: a name for distributors of AND_2, and a proof for those of AND_3.
                .putExtra("application", context.packageName)
                .putExtra("pi", PendingIntent.getBroadcast(context, 0, Intent(), PendingIntent.FLAG_IMMUTABLE)),
        )
        return true
    }

    /** Ends the registration. */
    fun unregister() {
        val token = file.getString(TOKEN, null) ?: return
        val distributor = file.getString(DISTRIBUTOR, null)
        context.sendBroadcast(Intent(UNREGISTER).setPackage(distributor).putExtra(EXTRA_TOKEN, token))
        forget()
    }

    /** The registration is no more. */
    fun forget() = file.edit { clear() }

    /** Whether a broadcast is from the distributor that we asked: it knows the token, which nobody else does. */
    fun isOurs(intent: Intent): Boolean {
        val token = file.getString(TOKEN, null)
        return token != null && intent.getStringExtra(EXTRA_TOKEN) == token
    }

    /** Where the account's server is to announce messages, so that they come to this endpoint. */
    fun target(endpoint: String): PushTarget = PushTarget(service = service(), node = endpoint, options = emptyList())

    /** Tells the distributor that a message arrived, if it wants to know. */
    fun acknowledge(message: Intent) {
        val id = message.getStringExtra(EXTRA_ID) ?: return
        context.sendBroadcast(
            Intent(ACKNOWLEDGE).setPackage(file.getString(DISTRIBUTOR, null))
                .putExtra(EXTRA_TOKEN, message.getStringExtra(EXTRA_TOKEN))
                .putExtra(EXTRA_ID, id),
        )
    }

    internal companion object {
        const val MESSAGE = "org.unifiedpush.android.connector.MESSAGE"
        const val NEW_ENDPOINT = "org.unifiedpush.android.connector.NEW_ENDPOINT"
        const val REGISTRATION_FAILED = "org.unifiedpush.android.connector.REGISTRATION_FAILED"
        const val UNREGISTERED = "org.unifiedpush.android.connector.UNREGISTERED"
        const val REGISTER = "org.unifiedpush.android.distributor.REGISTER"
        const val UNREGISTER = "org.unifiedpush.android.distributor.UNREGISTER"
        const val ACKNOWLEDGE = "org.unifiedpush.android.distributor.MESSAGE_ACK"
        const val EXTRA_TOKEN = "token"
        const val EXTRA_ENDPOINT = "endpoint"
        const val EXTRA_ID = "id"
        private const val TOKEN = "token"
        private const val DISTRIBUTOR = "distributor"
    }
}
