package org.heliograph.android.platform

import android.app.PendingIntent
import android.content.ComponentName
import android.content.Intent
import android.content.IntentFilter
import androidx.core.content.IntentCompat
import org.heliograph.android.R
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class UnifiedPushTest {
    private val app = RuntimeEnvironment.getApplication()

    private fun distributor(name: String = "org.example.distributor") {
        val receiver = ComponentName(name, "$name.Register")
        shadowOf(app.packageManager).addReceiverIfNotPresent(receiver)
        shadowOf(app.packageManager).addIntentFilterForReceiver(receiver, IntentFilter(UnifiedPush.REGISTER))
    }

    private fun asked(): Intent = shadowOf(app).broadcastIntents.last { it.action == UnifiedPush.REGISTER }

    @Test
    fun `without a distributor, or without a push service, nothing is asked`() {
        assertFalse(UnifiedPush(app) { "push.example.org" }.register())
        distributor()
        assertEquals("", app.getString(R.string.push_service))
        assertFalse(UnifiedPush(app) { app.getString(R.string.push_service) }.register())
        assertTrue(shadowOf(app).broadcastIntents.isEmpty())
    }

    @Test
    fun `a distributor is asked once, and counts only with the token that it got`() {
        distributor()
        val push = UnifiedPush(app) { "push.example.org" }
        assertTrue(push.register())
        assertFalse(push.register())
        val asked = asked()
        assertEquals("org.example.distributor", asked.`package`)
        val token = asked.getStringExtra(UnifiedPush.EXTRA_TOKEN)!!
        assertTrue(push.isOurs(Intent(UnifiedPush.MESSAGE).putExtra(UnifiedPush.EXTRA_TOKEN, token)))
        assertFalse(push.isOurs(Intent(UnifiedPush.MESSAGE).putExtra(UnifiedPush.EXTRA_TOKEN, "guessed")))
        assertFalse(push.isOurs(Intent(UnifiedPush.MESSAGE)))
        assertTrue(push.renew())
        assertEquals(token, asked().getStringExtra(UnifiedPush.EXTRA_TOKEN))
        push.forget()
        assertFalse(push.isOurs(Intent(UnifiedPush.MESSAGE).putExtra(UnifiedPush.EXTRA_TOKEN, token)))
    }

    @Test
    fun `who asks is named to the distributor, and proven`() {
        distributor()
        UnifiedPush(app) { "push.example.org" }.register()
        assertEquals(app.packageName, asked().getStringExtra("application"))
        // A distributor of AND_3 asks the system who made it, and hears nobody who brings none.
        val proof = IntentCompat.getParcelableExtra(asked(), "pi", PendingIntent::class.java)
        assertEquals(app.packageName, proof?.creatorPackage)
    }

    @Test
    fun `where the distributor was removed from the phone, another is asked, and the old token is void`() {
        distributor()
        val push = UnifiedPush(app) { "push.example.org" }
        push.register()
        val old = asked().getStringExtra(UnifiedPush.EXTRA_TOKEN)
        shadowOf(app.packageManager)
            .removeReceiver(ComponentName("org.example.distributor", "org.example.distributor.Register"))
        distributor("org.example.other")
        assertTrue(push.register())
        assertEquals("org.example.other", asked().`package`)
        assertNotEquals(old, asked().getStringExtra(UnifiedPush.EXTRA_TOKEN))
        assertFalse(push.isOurs(Intent(UnifiedPush.MESSAGE).putExtra(UnifiedPush.EXTRA_TOKEN, old)))
    }

    @Test
    fun `an endpoint becomes a node at the push service`() {
        val target = UnifiedPush(app) { "push.example.org" }.target("https://up.example.org/abc")
        assertEquals("push.example.org", target.service)
        assertEquals("https://up.example.org/abc", target.node)
    }

    @Test
    fun `a message that wants to be acknowledged is`() {
        distributor()
        val push = UnifiedPush(app) { "push.example.org" }
        push.register()
        val token = asked().getStringExtra(UnifiedPush.EXTRA_TOKEN)
        push.acknowledge(
            Intent(UnifiedPush.MESSAGE).putExtra(UnifiedPush.EXTRA_TOKEN, token).putExtra(UnifiedPush.EXTRA_ID, "m1"),
        )
        val said = shadowOf(app).broadcastIntents.last()
        assertEquals(UnifiedPush.ACKNOWLEDGE, said.action)
        assertEquals("m1", said.getStringExtra(UnifiedPush.EXTRA_ID))
        assertEquals(token, said.getStringExtra(UnifiedPush.EXTRA_TOKEN))
        assertEquals("nobody else is told", "org.example.distributor", said.`package`)
    }
}
