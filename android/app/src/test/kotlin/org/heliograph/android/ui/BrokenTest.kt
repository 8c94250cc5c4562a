package org.heliograph.android.ui

import android.Manifest
import android.content.Intent
import android.security.keystore.UserNotAuthenticatedException
import androidx.annotation.StringRes
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.runBlocking
import org.heliograph.android.R
import org.heliograph.android.platform.AccountFiles
import org.heliograph.android.platform.CatchUpSchedule
import org.heliograph.android.platform.CoreStart
import org.heliograph.android.platform.KeyVault
import org.heliograph.android.platform.PhoneAccount
import org.heliograph.android.platform.PhoneApp
import org.heliograph.android.platform.Server
import org.heliograph.android.platform.StandInKeyStore
import org.heliograph.android.platform.Surroundings
import org.heliograph.android.platform.online
import org.heliograph.android.platform.signIn
import org.heliograph.getOrThrow
import org.junit.After
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File

/** What the user sees of messages that can't be opened, and the ways on, in the whole app. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], application = PhoneApp::class, qualifiers = "w411dp-h820dp-xhdpi")
class BrokenTest {
    @get:Rule
    val compose = createEmptyComposeRule()

    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val files = AccountFiles(app)
    private var activity: ActivityController<MainActivity>? = null

    /** Another process of this app, which has signed in. */
    private val earlier by lazy {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val surroundings = Surroundings(app, app.notifications, CatchUpSchedule(app), scope)
        PhoneAccount(files, KeyVault(files), surroundings, CoreStart(app), scope)
    }

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    @After
    fun end() = runBlocking {
        activity?.close()
        earlier.shutdown()
        app.phoneAccount.shutdown()
    }

    private fun start() {
        val intent = Intent(app, MainActivity::class.java)
        activity = Robolectric.buildActivity(MainActivity::class.java, intent).setup()
    }

    private fun see(what: SemanticsMatcher) = compose.waitUntil(DEADLINE_MS) {
        compose.onAllNodes(what).fetchSemanticsNodes().isNotEmpty()
    }

    private fun read(@StringRes text: Int) = see(hasText(app.getString(text)))

    private fun touch(tag: String) {
        compose.onNodeWithTag(tag).performClick()
        compose.waitForIdle()
    }

    @Test
    fun `open elsewhere, locked, and open again`() {
        runBlocking { earlier.signIn(Server.account("wim")).online() }
        start()
        read(R.string.failure_store_busy)
        compose.onNodeWithTag("aside").assertDoesNotExist()

        runBlocking { earlier.shutdown() }
        StandInKeyStore.failure = UserNotAuthenticatedException()
        touch("reopen")
        read(R.string.failure_keystore_locked)
        compose.onNodeWithTag("aside").assertDoesNotExist()

        StandInKeyStore.failure = null
        touch("reopen")
        read(R.string.new_chat)
    }

    @Test
    fun `lost for good, put aside after a question, and begun anew`() {
        runBlocking {
            earlier.signIn(Server.account("yara")).online()
            earlier.shutdown()
        }
        val bytes = files.database.length()
        StandInKeyStore.keys.clear()
        start()
        read(R.string.failure_key_lost)
        touch("aside")
        assertTrue("one touch moves nothing", files.database.exists())
        touch("aside-yes")
        see(hasTestTag("address"))
        val aside = checkNotNull(files.folder.parentFile?.listFiles()).single { it.name.startsWith("account-aside-") }
        assertTrue(File(aside, "account.db").length() >= bytes && File(aside, "account.key").exists())

        runBlocking { app.phoneAccount.add(Server.account("yara")).getOrThrow() }
        read(R.string.new_chat)
        assertTrue("what was put aside stays", aside.exists())
    }

    private companion object {
        /** Far more than it takes: a busy machine is no mistake. */
        const val DEADLINE_MS = 60_000L
    }
}
