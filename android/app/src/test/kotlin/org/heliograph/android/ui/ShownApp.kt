package org.heliograph.android.ui

import android.content.Intent
import android.os.Bundle
import android.os.Parcel
import androidx.core.net.toUri
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import org.heliograph.ConversationId
import org.heliograph.android.platform.TestPhone
import org.heliograph.android.platform.asleep
import org.heliograph.android.platform.mainUntil
import org.heliograph.android.state.Account
import org.robolectric.Robolectric
import org.robolectric.android.controller.ActivityController

/** The whole app on the screen of a [TestPhone], and what the system does to it. */
internal class ShownApp(private val phone: TestPhone) {
    private lateinit var activity: ActivityController<MainActivity>

    /** The user opens it, or comes to [chat] from a notification, or by a [link]. */
    fun open(chat: ConversationId? = null, link: String? = null) {
        val intent = Intent().putChat(chat)
        if (link != null) intent.setAction(Intent.ACTION_VIEW).setData(link.toUri())
        activity = made(intent).setup()
    }

    /** The app is open, and a notification is touched. */
    fun come(chat: ConversationId) {
        activity.newIntent(Intent(phone.app, MainActivity::class.java).putChat(chat))
    }

    /** The phone is turned. */
    fun turn() {
        activity.recreate()
    }

    /**
     * The system ends the process behind the user's back, and the user comes back: with what the system kept, as bytes,
     * and with neither the intent nor anything that was in memory.
     */
    fun die() {
        val kept = Bundle()
        activity.pause().stop().saveInstanceState(kept).destroy()
        val account = phone.account.account.value
        phone.account.memoryShort()
        if (account is Account.Open) {
            // What is put away from the main thread needs that to go on meanwhile.
            val asleep = CoroutineScope(Dispatchers.Default).async { account.asleep() }
            mainUntil { asleep.isCompleted }
        }
        val bundle = asBytes(kept)
        activity = made(Intent()).create(bundle).start().restoreInstanceState(bundle).resume().visible()
    }

    private fun made(intent: Intent): ActivityController<MainActivity> {
        val controller = Robolectric.buildActivity(MainActivity::class.java, intent)
        phone.atTheEnd { controller.close() }
        return controller
    }

    private fun Intent.putChat(chat: ConversationId?) =
        if (chat == null) this else putExtra(MainActivity.CONVERSATION, chat.number)

    private fun asBytes(bundle: Bundle): Bundle {
        val parcel = Parcel.obtain()
        parcel.writeBundle(bundle)
        parcel.setDataPosition(0)
        return checkNotNull(parcel.readBundle(phone.app.classLoader)).also { parcel.recycle() }
    }
}
