package org.heliograph.android.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.lifecycle.compose.LifecycleResumeEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import org.heliograph.ConversationId
import org.heliograph.android.state.Front
import org.heliograph.android.state.Route

/** Tells which conversation is on the screen while somebody looks, and that none is afterwards. */
@Composable
internal fun LookedAt(front: Front.Open, tell: (ConversationId?) -> Unit) {
    val stack by front.screens.stack.collectAsStateWithLifecycle()
    val chat = (stack.last().route as? Route.Chat)?.conversation
    LifecycleResumeEffect(chat) {
        tell(chat)
        onPauseOrDispose { tell(null) }
    }
}
