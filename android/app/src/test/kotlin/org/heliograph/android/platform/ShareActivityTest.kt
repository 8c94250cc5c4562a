package org.heliograph.android.platform

import android.app.AlertDialog
import android.content.Intent
import androidx.core.content.pm.ShortcutManagerCompat
import kotlinx.coroutines.runBlocking
import org.heliograph.ConversationId
import org.heliograph.android.ui.MainActivity
import org.heliograph.conversation
import org.heliograph.getOrThrow
import org.heliograph.setDraft
import org.heliograph.startChat
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowAlertDialog

/** What another app shares becomes what is being written, where the user wants it, and is not sent. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class ShareActivityTest {
    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val opened = mutableListOf<ActivityController<ShareActivity>>()

    @Before
    fun prepare() = StandInKeyStore.install()

    @After
    fun end() = runBlocking {
        opened.forEach { it.close() }
        app.phoneAccount.shutdown()
    }

    private fun share(text: String?, shortcut: String? = null): ShareActivity {
        val intent = Intent(app, ShareActivity::class.java).setAction(Intent.ACTION_SEND).setType("text/plain")
        if (text != null) intent.putExtra(Intent.EXTRA_TEXT, text)
        if (shortcut != null) intent.putExtra(ShortcutManagerCompat.EXTRA_SHORTCUT_ID, shortcut)
        return Robolectric.buildActivity(ShareActivity::class.java, intent).also(opened::add).setup().get()
    }

    /** The conversation in which the app goes on; 0 for none. */
    private fun goesOn(activity: ShareActivity): Long {
        mainUntil { activity.isFinishing }
        val next = shadowOf(activity).nextStartedActivity
        assertEquals(MainActivity::class.java.name, next.component?.className)
        return next.getLongExtra(MainActivity.CONVERSATION, -1)
    }

    private suspend fun draft(id: ConversationId) =
        app.phoneAccount.awake { it.conversation(id).getOrThrow().draft }.getOrThrow()

    @Test
    fun `a text goes behind what was being written, in the conversation that was named or chosen`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("rosa"))
        open.online()
        val (first, second) = app.phoneAccount.awake { client ->
            listOf("finn", "ben").map { client.startChat(Server.account(it).address).getOrThrow() }
        }.getOrThrow()
        app.phoneAccount.awake { it.setDraft(first, "look:").getOrThrow() }.getOrThrow()

        assertEquals(first.number, goesOn(share("a map", MessageNotifications.shortcutId(first.number))))
        assertEquals("look:\na map", draft(first))

        // Each of them: one is the first of the list, where a wrong choice would end.
        for ((name, chosen) in listOf("ben" to second, "finn" to first)) {
            ShadowAlertDialog.reset()
            val choosing = share("a list")
            mainUntil { ShadowAlertDialog.getLatestAlertDialog() != null }
            val dialog = shadowOf(ShadowAlertDialog.getLatestAlertDialog())
            val names = dialog.items.map { it.toString() }
            assertTrue("$names", name in names)
            dialog.clickOnItem(names.indexOf(name))
            assertEquals(chosen.number, goesOn(choosing))
        }
        assertEquals("a list", draft(second))
        assertEquals("look:\na map\na list", draft(first))

        ShadowAlertDialog.reset()
        val left = share("a secret")
        mainUntil { ShadowAlertDialog.getLatestAlertDialog() != null }
        ShadowAlertDialog.getLatestAlertDialog().cancel()
        mainUntil { left.isFinishing }
        assertNull("who chooses nobody stays where they were", shadowOf(left).nextStartedActivity)
    }

    @Test
    fun `a text that can't be kept is said to be, and changes nothing`() = runBlocking {
        app.phoneAccount.signIn(Server.account("rob")).online()
        val chat = app.phoneAccount.awake { client ->
            client.startChat(Server.account("finn").address).getOrThrow()
                .also { client.setDraft(it, "look:").getOrThrow() }
        }.getOrThrow()
        val refused = share("map ".repeat(100_000), MessageNotifications.shortcutId(chat.number))
        mainUntil { ShadowAlertDialog.getLatestAlertDialog() != null }
        val dialog = ShadowAlertDialog.getLatestAlertDialog()
        assertTrue("${shadowOf(dialog).message}", "too long" in "${shadowOf(dialog).message}")
        assertNull("nothing opens", shadowOf(refused).nextStartedActivity)
        dialog.getButton(AlertDialog.BUTTON_POSITIVE).performClick()
        mainUntil { refused.isFinishing }
        assertEquals("look:", draft(chat))
    }

    @Test
    fun `without an account the app opens, and without a text nothing happens`() {
        assertEquals(0, goesOn(share("a map")))
        val empty = share(" ")
        assertTrue(empty.isFinishing)
        assertNull(shadowOf(empty).nextStartedActivity)
        assertTrue(share(null).isFinishing)
        val view = Intent(app, ShareActivity::class.java).setAction(Intent.ACTION_VIEW)
            .putExtra(Intent.EXTRA_TEXT, "a map")
        val asked = Robolectric.buildActivity(ShareActivity::class.java, view).also(opened::add).setup().get()
        assertTrue("that was no wish to share", asked.isFinishing)
    }
}
