package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import android.net.ConnectivityManager
import android.service.notification.StatusBarNotification
import kotlinx.coroutines.runBlocking
import org.junit.rules.ExternalResource
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/**
 * The phone that a test runs on, with the app on it: has a keystore, and lets the app notify. What a test has begun on
 * it ends with the test, the last thing first.
 */
internal class TestPhone : ExternalResource() {
    @Suppress("DEPRECATION")
    private val network by lazy { connectivity.activeNetworkInfo }
    private val begun = ArrayDeque<suspend () -> Unit>()

    val app: PhoneApp by lazy { RuntimeEnvironment.getApplication() as PhoneApp }
    val account: PhoneAccount get() = app.phoneAccount
    val connectivity: ConnectivityManager get() = app.service()

    /** The conversations that the phone shows in notifications. */
    val shown: List<StatusBarNotification>
        get() = app.service<NotificationManager>().activeNotifications.filter { it.id == MessageNotifications.ID }

    /** What the only one of them says. */
    val shownText: String get() = "${shown.single().notification.extras.getCharSequence("android.text")}"

    /** There is a network, or none, as in airplane mode. */
    @Suppress("DEPRECATION") // Robolectric has no other switch for it.
    fun network(isThere: Boolean) = shadowOf(connectivity).setActiveNetworkInfo(network.takeIf { isThere })

    /** The user swipes a notification away. */
    fun swipe(notification: StatusBarNotification) {
        notification.notification.deleteIntent.send()
        app.service<NotificationManager>().cancel(notification.tag, notification.id)
    }

    override fun before() {
        StandInKeyStore.install()
        checkNotNull(network) { "a phone begins with a network" }
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
        atTheEnd { account.shutdown() }
    }

    override fun after() = runBlocking {
        while (begun.isNotEmpty()) begun.removeLast()()
    }

    /** Does [work] after the test. */
    fun atTheEnd(work: suspend () -> Unit) = begun.addLast(work)

    /** Somebody with a phone of their own. */
    fun contact(name: String): Contact =
        Contact(name, app.cacheDir).also { contact -> atTheEnd { contact.client.shutdown() } }

    /** What stands between this phone and the server, for accounts that are reached through it. */
    fun relay(): Relay = Relay(checkNotNull(Server.account("kim").server)).also { relay -> atTheEnd { relay.close() } }
}
