package org.heliograph.android.platform

import android.content.ComponentCallbacks2.TRIM_MEMORY_BACKGROUND
import android.content.ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.heliograph.ConnectionState
import org.junit.After
import org.junit.Assert.assertNotEquals
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** Memory is short: what the app keeps for a user who may be back soon is let go. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class TrimMemoryTest {
    private val app = RuntimeEnvironment.getApplication() as PhoneApp

    @Before
    fun prepare() = StandInKeyStore.install()

    @After
    fun end() = runBlocking { app.phoneAccount.shutdown() }

    @Test
    fun `the account sleeps at once when the app is behind, and not while somebody looks`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("sam"))
        open.online()
        app.onTrimMemory(TRIM_MEMORY_BACKGROUND)
        app.phoneAccount.visible(false)
        // The system says this each time; the grace of an hour goes on.
        app.onTrimMemory(TRIM_MEMORY_UI_HIDDEN)
        open.messenger.connection().until { it.situation.name == "BACKGROUND" }
        assertNotEquals(ConnectionState.SUSPENDED, open.messenger.connection().first().state)
        app.onTrimMemory(TRIM_MEMORY_BACKGROUND)
        open.asleep()
        app.phoneAccount.visible(true)
        open.online()
        Unit
    }
}
