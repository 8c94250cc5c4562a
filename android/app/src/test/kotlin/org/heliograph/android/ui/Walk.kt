package org.heliograph.android.ui

import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.junit4.ComposeContentTestRule
import org.heliograph.android.state.Preferences

/** Shows these of the [Samples] one after the other, and has a [look] at each. */
internal fun ComposeContentTestRule.walk(
    screens: Collection<String> = Samples.screens.keys,
    preferences: Preferences = Preferences(),
    look: (String) -> Unit,
) {
    var shown by mutableStateOf(screens.first())
    setContent {
        CompositionLocalProvider(LocalClock provides Samples.CLOCK) {
            HeliographTheme(preferences) { key(shown) { Samples.screens.getValue(shown)() } }
        }
    }
    for (screen in screens) {
        shown = screen
        waitForIdle()
        look(screen)
    }
}
