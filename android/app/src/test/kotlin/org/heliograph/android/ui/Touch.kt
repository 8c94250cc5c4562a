package org.heliograph.android.ui

import androidx.annotation.StringRes
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import org.robolectric.RuntimeEnvironment

/** Far more than anything takes: a busy machine is no mistake. */
private const val DEADLINE_MS = 60_000L

/** Waits for something. The main thread, which is the test's, works meanwhile: by itself the rule only looks. */
internal fun ComposeTestRule.until(expected: () -> Boolean) = waitUntil(DEADLINE_MS) {
    waitForIdle()
    expected()
}

/** Waits until [what] is on the screen. */
internal fun ComposeTestRule.see(what: SemanticsMatcher) = until {
    onAllNodes(what).fetchSemanticsNodes().isNotEmpty()
}

/** Waits until a text of the app is on the screen. */
internal fun ComposeTestRule.read(@StringRes text: Int) =
    see(hasText(RuntimeEnvironment.getApplication().getString(text)))

/** Touches what has this tag. */
internal fun ComposeTestRule.touch(tag: String) {
    onNodeWithTag(tag).performClick()
    waitForIdle()
}

/** Touches what is called so, once it is there. */
internal fun ComposeTestRule.press(label: String) {
    see(hasContentDescription(label))
    onNodeWithContentDescription(label).performClick()
    waitForIdle()
}

/** Writes into what has this tag. */
internal fun ComposeTestRule.type(tag: String, text: String) {
    onNodeWithTag(tag).performTextInput(text)
    waitForIdle()
}
