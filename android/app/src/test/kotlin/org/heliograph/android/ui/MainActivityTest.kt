package org.heliograph.android.ui

import android.Manifest
import android.content.Intent
import android.os.Bundle
import androidx.compose.ui.test.assertTextContains
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performTextInput
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.heliograph.ConversationId
import org.heliograph.android.platform.PhoneApp
import org.heliograph.android.platform.Server
import org.heliograph.android.platform.StandInKeyStore
import org.heliograph.android.platform.asleep
import org.heliograph.android.platform.mainUntil
import org.heliograph.android.platform.online
import org.heliograph.android.platform.signIn
import org.heliograph.android.state.Account
import org.heliograph.getOrThrow
import org.heliograph.startChat
import org.junit.After
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

/** The whole app: what is being written outlives what the system does to its activity. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], application = PhoneApp::class, qualifiers = "w411dp-h820dp-xhdpi")
class MainActivityTest {
    @get:Rule
    val compose = createEmptyComposeRule()

    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val activities = mutableListOf<ActivityController<MainActivity>>()

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    @After
    fun end() = runBlocking {
        activities.forEach { it.close() }
        app.phoneAccount.shutdown()
    }

    private fun activity(chat: ConversationId?): ActivityController<MainActivity> {
        val intent = Intent(app, MainActivity::class.java)
        if (chat != null) intent.putExtra(MainActivity.CONVERSATION, chat.number)
        return Robolectric.buildActivity(MainActivity::class.java, intent).also(activities::add)
    }

    private fun writing(expected: String) {
        compose.waitUntil(DEADLINE_MS) {
            compose.onAllNodes(hasTestTag("reply")).fetchSemanticsNodes().isNotEmpty()
        }
        compose.onNodeWithTag("reply").assertTextContains(expected)
    }

    @Test
    fun `a draft survives that the phone is turned, and that the app is ended behind the user's back`() {
        lateinit var open: Account.Open
        val chat = runBlocking {
            open = app.phoneAccount.signIn(Server.account("vera"))
            open.online()
            app.phoneAccount.awake { it.startChat(Server.account("finn").address).getOrThrow() }.getOrThrow()
        }
        val first = activity(chat).setup()
        writing("")
        compose.onNodeWithTag("reply").performTextInput("half a thought")
        compose.waitForIdle()
        first.recreate()
        writing("half a thought")

        val kept = Bundle()
        first.saveInstanceState(kept).pause().stop().destroy()
        app.phoneAccount.memoryShort()
        // The draft is being put away from the main thread, which has to go on meanwhile.
        val asleep = CoroutineScope(Dispatchers.Default).async { open.asleep() }
        mainUntil { asleep.isCompleted }
        // What was open then, and neither the intent nor anything in memory, leads back to it.
        activity(null).create(kept).start().restoreInstanceState(kept).resume().visible()
        writing("half a thought")
    }

    private companion object {
        /** Far more than it takes: a busy machine is no mistake. */
        const val DEADLINE_MS = 60_000L
    }
}
