package org.heliograph.android.ui

import android.content.Intent
import android.graphics.Color
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.SystemBarStyle
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.activity.viewModels
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import org.heliograph.ConversationId
import org.heliograph.android.HeliographApplication
import org.heliograph.android.state.Front
import org.heliograph.android.state.Route
import org.heliograph.android.state.Shell

/** The one activity: draws the screens, and takes links and notifications. */
class MainActivity : ComponentActivity() {
    private val model: FrontModel by viewModels { FrontModel.Factory(application as Shell) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // A link that has been followed is not followed again after a rotation.
        if (savedInstanceState == null) follow(intent)
        val shell = application as Shell
        setContent {
            val preferences by shell.shelf.preferences.collectAsStateWithLifecycle()
            val isDark = isDark(preferences)
            LaunchedEffect(isDark) {
                val bars = SystemBarStyle.auto(Color.TRANSPARENT, Color.TRANSPARENT) { isDark }
                enableEdgeToEdge(bars, bars)
            }
            val front by model.door.front.collectAsStateWithLifecycle()
            (front as? Front.Open)?.let { open ->
                if (preferences.notifications) AskToNotify()
                LookedAt(open) { (application as? HeliographApplication)?.notifications?.lookedAt = it }
            }
            HeliographTheme(preferences) { FrontPane(model.door) }
        }
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        follow(intent)
    }

    private fun follow(intent: Intent) {
        val conversation = intent.getLongExtra(CONVERSATION, 0)
        val link = intent.data?.takeIf { intent.action == Intent.ACTION_VIEW && it.scheme == "xmpp" }
        when {
            conversation > 0 -> model.door.go(Route.Chat(ConversationId(conversation)))
            link != null -> model.door.go(Route.NewChat(link.toString()))
        }
    }

    companion object {
        /** Extra of an intent: the number of the conversation to show. */
        const val CONVERSATION: String = "org.heliograph.conversation"
    }
}
