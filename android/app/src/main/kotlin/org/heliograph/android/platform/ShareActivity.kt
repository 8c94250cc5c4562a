package org.heliograph.android.platform

import android.app.Activity
import android.app.AlertDialog
import android.content.Intent
import android.os.Bundle
import androidx.core.content.pm.ShortcutManagerCompat
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Outcome
import org.heliograph.android.HeliographApplication
import org.heliograph.android.R
import org.heliograph.conversation
import org.heliograph.conversations
import org.heliograph.getOrNull
import org.heliograph.setDraft

/**
 * Takes a text that another app shares: asks for the conversation, unless the system's sheet named one, and puts the
 * text there as what is being written. The user sees it once more and sends it, or does not.
 */
internal class ShareActivity : Activity() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val text = intent.getCharSequenceExtra(Intent.EXTRA_TEXT)?.toString()
        if (intent.action != Intent.ACTION_SEND || text.isNullOrBlank()) return finish()
        val named = intent.getStringExtra(ShortcutManagerCompat.EXTRA_SHORTCUT_ID)?.let(::conversationOf)
        scope.launch {
            if (named != null) put(text, named) else choose(text)
        }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private suspend fun choose(text: String) {
        val app = application as HeliographApplication
        val found = withContext(Dispatchers.Default) { app.phoneAccount.awake { it.conversations.first() } }
        val all = found.getOrNull()
        if (all.isNullOrEmpty()) return open(conversation = 0)
        AlertDialog.Builder(this)
            .setTitle(R.string.share_title)
            .setItems(all.map(Conversation::title).toTypedArray()) { _, index ->
                scope.launch { put(text, all[index].id) }
            }
            .setOnCancelListener { finish() }
            .show()
    }

    private suspend fun put(text: String, id: ConversationId) {
        val app = application as HeliographApplication
        val done = withContext(Dispatchers.Default) {
            app.phoneAccount.awake { client ->
                // What was being written there stays in front.
                val draft = client.conversation(id).getOrNull()?.draft.orEmpty()
                client.setDraft(id, if (draft.isBlank()) text else "$draft\n$text")
            }
        }
        if (done is Outcome.Done && done.value is Outcome.Done) open(id.number) else refuse()
    }

    /** The text could not be kept: it is too long for a draft, or the disk is full. */
    private fun refuse() {
        AlertDialog.Builder(this)
            .setTitle(R.string.share_failed)
            .setMessage(R.string.share_failed_text)
            .setPositiveButton(android.R.string.ok, null)
            .setOnDismissListener { finish() }
            .show()
    }

    private fun open(conversation: Long) {
        startActivity(
            Intent().setClassName(this, "org.heliograph.android.ui.MainActivity")
                .putExtra(MessageNotifications.CONVERSATION, conversation)
                .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK or Intent.FLAG_ACTIVITY_CLEAR_TOP),
        )
        finish()
    }

    private fun conversationOf(shortcut: String): ConversationId? =
        shortcut.removePrefix("conversation-").toLongOrNull()?.let(::ConversationId)
}
