package org.heliograph.android.ui

import android.security.keystore.UserNotAuthenticatedException
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
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
import org.heliograph.android.platform.TestPhone
import org.heliograph.android.platform.online
import org.heliograph.android.platform.signIn
import org.heliograph.getOrThrow
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File

/** What the user sees of messages that can't be opened, and the ways on, in the whole app. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class, qualifiers = "w411dp-h820dp-xhdpi")
class BrokenTest {
    @get:Rule(order = 0)
    val compose = createEmptyComposeRule()

    // The inner one: what it ends is still on the screen.
    @get:Rule(order = 1)
    internal val phone = TestPhone()

    private val shown = ShownApp(phone)
    private val files by lazy { AccountFiles(phone.app) }

    /** Another process of this app, which has signed in. */
    private val earlier by lazy {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val surroundings = Surroundings(phone.app, phone.app.notifications, CatchUpSchedule(phone.app), scope)
        PhoneAccount(files, KeyVault(files), surroundings, CoreStart(phone.app), scope)
            .also { account -> phone.atTheEnd { account.shutdown() } }
    }

    @Test
    fun `open elsewhere, locked, and open again`() {
        runBlocking { earlier.signIn(Server.account("wim")).online() }
        shown.open()
        compose.read(R.string.failure_store_busy)
        compose.onNodeWithTag("aside").assertDoesNotExist()

        runBlocking { earlier.shutdown() }
        StandInKeyStore.failure = UserNotAuthenticatedException()
        compose.touch("reopen")
        compose.read(R.string.failure_keystore_locked)
        compose.onNodeWithTag("aside").assertDoesNotExist()

        StandInKeyStore.failure = null
        compose.touch("reopen")
        compose.read(R.string.new_chat)
    }

    @Test
    fun `lost for good, put aside after a question, and begun anew`() {
        runBlocking {
            earlier.signIn(Server.account("yara")).online()
            earlier.shutdown()
        }
        val bytes = files.database.length()
        StandInKeyStore.keys.clear()
        shown.open()
        compose.read(R.string.failure_key_lost)
        compose.touch("aside")
        assertTrue("one touch moves nothing", files.database.exists())
        compose.touch("aside-yes")
        compose.see(hasTestTag("address"))
        val aside = checkNotNull(files.folder.parentFile?.listFiles()).single { it.name.startsWith("account-aside-") }
        assertTrue(File(aside, "account.db").length() >= bytes && File(aside, "account.key").exists())

        runBlocking { phone.account.add(Server.account("yara")).getOrThrow() }
        compose.read(R.string.new_chat)
        assertTrue("what was put aside stays", aside.exists())
    }
}
