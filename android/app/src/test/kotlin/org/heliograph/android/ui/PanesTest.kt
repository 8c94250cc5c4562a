package org.heliograph.android.ui

import androidx.activity.ComponentActivity
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.assert
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.assertTextContains
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.test.junit4.StateRestorationTester
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onAllNodesWithTag
import androidx.compose.ui.test.onFirst
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput
import org.heliograph.ConversationId
import org.heliograph.MessageRow
import org.heliograph.android.state.ConnectionLine
import org.heliograph.android.state.InboxState
import org.heliograph.android.state.Preferences
import org.heliograph.android.state.Route
import org.heliograph.android.state.SignInState
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** What is touched is large enough and says what it is; what is typed stays; and the screens do what they offer. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35], qualifiers = "w411dp-h820dp-xhdpi")
class PanesTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    @Test
    fun `whatever is touched is at least 48 dp large and has a name`() = targets()

    @Test
    @Config(fontScale = 2f)
    fun `also with text at twice its size`() = targets()

    private fun targets() = compose.walk { screen ->
        val nodes = compose.onAllNodes(hasClickAction()).fetchSemanticsNodes()
        assertTrue("$screen offers nothing", nodes.isNotEmpty())
        for (node in nodes) {
            val least = with(compose.density) { TOUCH.toPx() } - 1
            val bounds = node.touchBoundsInRoot
            // What is half scrolled away is not to be judged.
            if (bounds.bottom >= compose.onAllNodes(isRoot()).onFirst().fetchSemanticsNode().size.height) continue
            val isEdge = node.boundsInRoot.height < node.size.height
            assertTrue(
                "$screen: ${node.names()} is ${bounds.size}",
                isEdge || (bounds.height >= least && bounds.width >= least),
            )
            assertTrue("$screen: something at $bounds has no name", node.names().isNotEmpty())
        }
    }

    private fun SemanticsNode.names(): List<String> = listOfNotNull(
        config.getOrNull(SemanticsProperties.ContentDescription)?.joinToString(),
        config.getOrNull(SemanticsProperties.Text)?.joinToString(),
        config.getOrNull(SemanticsProperties.EditableText)?.text,
        config.getOrNull(SemanticsActions.SetText)?.label,
    ).filter { it.isNotBlank() } + children.flatMap { it.names() }

    @Test
    fun `a screen reader hears a message as one thing, with what became of it`() {
        show { ChatPane(Samples.chat, CHAT, ChatEvents(), {}, {}) }
        compose.onNodeWithContentDescription("You: Moving the pumps up now.", substring = true)
            .assert(SemanticsMatcher.expectValue(SemanticsProperties.StateDescription, "Waiting"))
        compose.onNodeWithContentDescription("ben: The water is at the second mark.", substring = true).assertExists()
    }

    @Test
    fun `whoever looks at the newest message has seen it, and a touch on our own explains it`() {
        val seen = mutableListOf<MessageRow>()
        var opened: Route? = null
        show { ChatPane(Samples.chat, CHAT, ChatEvents(seen = { seen += it }), { opened = it }, {}) }
        assertEquals(MessageRow(6), seen.last())
        compose.onNodeWithContentDescription("Moving the pumps", substring = true).performClick()
        assertEquals(Route.Delivery(MessageRow(7)), opened)
    }

    @Test
    fun `the reply box begins with the draft, tells what is typed, and is emptied once it was sent`() {
        var state by mutableStateOf(Samples.chat.copy(draft = "half"))
        val typed = mutableListOf<String>()
        val sent = mutableListOf<String>()
        show { ChatPane(state, CHAT, ChatEvents(typed = { typed += it }, send = { sent += it }), {}, {}) }
        compose.onNodeWithTag("reply").assertTextContains("half").performTextInput(" a thought")
        compose.waitForIdle()
        assertEquals("half a thought", typed.last())
        compose.onNodeWithTag("send").performClick()
        assertEquals(listOf("half a thought"), sent)
        state = state.copy(sent = 1, draft = "")
        compose.waitForIdle()
        assertEquals("", typed.last())
        compose.onNodeWithTag("send").assertIsNotEnabled()
    }

    @Test
    fun `what is typed survives a rotation and the death of the process, but a password does not`() {
        val tester = StateRestorationTester(compose)
        tester.setContent { HeliographTheme { SignInPane(SignInState(), SignInEvents()) } }
        compose.onNodeWithTag("address").performTextInput("ana@relief.example")
        compose.onNodeWithTag("password").performTextInput("secret")
        tester.emulateSavedInstanceStateRestore()
        compose.onNodeWithTag("address").assertTextContains("ana@relief.example")
        compose.onNodeWithTag("sign-in").assertIsNotEnabled()
    }

    @Test
    fun `the connection's line offers what helps`() {
        var tried = 0
        var opened: Route? = null
        var line: ConnectionLine by mutableStateOf(ConnectionLine.Waiting(null, null))
        show { InboxPane(InboxState(emptyList(), line), { opened = it }, { tried += 1 }) }
        compose.onNodeWithText("Try now").performClick()
        assertEquals(1, tried)
        compose.onNodeWithTag("connection").performClick()
        assertEquals(Route.Link, opened)
        line = ConnectionLine.Stopped(org.heliograph.FailureCode.AUTHENTICATION_FAILED)
        compose.waitForIdle()
        compose.onNodeWithText("New password").performClick()
        assertEquals(Route.Settings, opened)
        line = ConnectionLine.Fine
        compose.waitForIdle()
        compose.onAllNodesWithTag("connection").fetchSemanticsNodes().let { assertTrue(it.isEmpty()) }
    }

    @Test
    fun `a member is removed only after a question`() {
        val removed = mutableListOf<String>()
        show { MembersPane(Samples.members, {}, { removed += it }, {}) }
        compose.onNodeWithContentDescription("Remove ben").performClick()
        assertEquals(emptyList<String>(), removed)
        compose.onNodeWithTag("remove").performClick()
        assertEquals(listOf("ben@relief.example"), removed)
    }

    @Test
    fun `members of a group that is not ours are shown, and nothing to change them with`() {
        show { MembersPane(Samples.members.copy(mayChange = false), {}, {}, {}) }
        compose.onNodeWithText("ben@relief.example").assertExists()
        compose.onNodeWithContentDescription("Remove ben").assertDoesNotExist()
        compose.onNodeWithTag("invite").assertDoesNotExist()
        compose.onNodeWithTag("member").assertDoesNotExist()
    }

    @Test
    fun `the server's key is trusted by the button that says so`() {
        var trusted = 0
        show { SignInPane(Samples.certificate, SignInEvents(trust = { trusted += 1 })) }
        compose.onNodeWithTag("fingerprint").performScrollTo().assertTextContains("0B:30:55:7A", substring = true)
        compose.onNodeWithTag("trust").performClick()
        assertEquals(1, trusted)
    }

    @Test
    fun `a key that is no remedy can't be trusted`() {
        show { SignInPane(Samples.expired, SignInEvents()) }
        compose.onNodeWithTag("trust").assertDoesNotExist()
        compose.onNodeWithText("has expired", substring = true).assertExists()
    }

    @Test
    fun `a gap offers to load what the server has`() {
        var loads = 0
        val few = Samples.chat.copy(items = Samples.chat.items.orEmpty().take(3))
        show { ChatPane(few, CHAT, ChatEvents(loadOlder = { loads += 1 }), {}, {}) }
        compose.onNodeWithText("Load older messages").performClick()
        assertEquals(1, loads)
    }

    private fun show(content: @androidx.compose.runtime.Composable () -> Unit) {
        compose.setContent {
            CompositionLocalProvider(LocalClock provides Samples.CLOCK) {
                HeliographTheme(Preferences(dynamicColour = false), content)
            }
        }
        compose.waitForIdle()
    }

    private companion object {
        val CHAT = Route.Chat(ConversationId(1))
    }
}
