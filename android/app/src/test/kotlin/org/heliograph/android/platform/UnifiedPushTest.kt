package org.heliograph.android.platform

import android.content.ComponentName
import android.content.Intent
import android.content.IntentFilter
import org.heliograph.android.R
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
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

    private fun distributor() {
        val receiver = ComponentName("org.example.distributor", "org.example.distributor.Register")
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
    }
}
