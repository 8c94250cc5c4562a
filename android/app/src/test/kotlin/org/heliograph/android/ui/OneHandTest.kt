package org.heliograph.android.ui

import androidx.activity.ComponentActivity
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onFirst
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** The thumb of the hand that holds a tall phone reaches what a screen is for. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w411dp-h820dp-xhdpi")
class OneHandTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    @Test
    fun `the main action of each screen is in its lower half`() = reach()

    @Test
    @Config(fontScale = 2f)
    fun `also with text at twice its size`() = reach()

    private fun reach() = compose.walk(MAIN.keys) { screen ->
        val height = compose.onAllNodes(isRoot()).onFirst().fetchSemanticsNode().size.height
        for (action in MAIN.getValue(screen)) {
            val bounds = compose.onNode(action).fetchSemanticsNode().touchBoundsInRoot
            assertTrue(
                "$screen: ${action.description} is at $bounds",
                bounds.top >= height / 2 && bounds.bottom <= height,
            )
        }
    }

    private companion object {
        val MAIN = mapOf(
            "sign-in" to listOf(hasTestTag("sign-in")),
            "sign-in-certificate" to listOf(hasTestTag("trust"), hasText("Don't connect")),
            "inbox" to listOf(hasText("New chat"), hasText("New group")),
            "inbox-empty" to listOf(hasText("New chat"), hasText("New group")),
            "chat" to listOf(hasTestTag("reply"), hasTestTag("send")),
            "chat-plain" to listOf(hasTestTag("reply"), hasTestTag("send")),
            "new-chat" to listOf(hasTestTag("start")),
            "new-group" to listOf(hasTestTag("create")),
            "members" to listOf(hasTestTag("invite")),
            "search" to listOf(hasTestTag("query")),
            "delivery-waiting" to listOf(hasTestTag("discard")),
            "delivery-failed" to listOf(hasTestTag("again"), hasTestTag("discard")),
            "connection" to listOf(hasTestTag("reconnect")),
            "own-code" to listOf(hasText("Share")),
            "broken" to listOf(hasTestTag("reopen")),
        )
    }
}
