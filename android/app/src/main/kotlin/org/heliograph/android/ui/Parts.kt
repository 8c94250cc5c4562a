package org.heliograph.android.ui

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.layout.WindowInsetsSides
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.ime
import androidx.compose.foundation.layout.only
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawing
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.union
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.layout.windowInsetsPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import org.heliograph.Failure
import org.heliograph.android.R

/** A screen: a bar with its title, what it shows, and its main actions at the bottom, where a thumb reaches. */
@Composable
internal fun Page(
    title: String,
    back: (() -> Unit)?,
    subtitle: (@Composable () -> Unit)? = null,
    actions: @Composable RowScope.() -> Unit = {},
    bottom: (@Composable () -> Unit)? = null,
    content: @Composable () -> Unit,
) {
    Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {
        Column(Modifier.windowInsetsPadding(WindowInsets.safeDrawing.union(WindowInsets.ime))) {
            // No fixed height: a title at twice its size needs the room.
            Row(
                Modifier.fillMaxWidth().heightIn(min = 64.dp).padding(horizontal = 4.dp, vertical = 4.dp),
                verticalAlignment = Alignment.CenterVertically,
            ) {
                if (back != null) IconAction(Icons.back, stringResource(R.string.back), back)
                Column(Modifier.weight(1f).padding(start = if (back == null) 16.dp else 8.dp, end = 8.dp)) {
                    Text(
                        title,
                        Modifier.semantics { heading() },
                        style = MaterialTheme.typography.titleLarge,
                        maxLines = 2,
                        overflow = TextOverflow.Ellipsis,
                    )
                    subtitle?.invoke()
                }
                actions()
            }
            if (LocalHighContrast.current) HorizontalDivider(thickness = 2.dp)
            Box(Modifier.weight(1f).fillMaxWidth()) { content() }
            if (bottom != null) {
                HorizontalDivider()
                bottom()
            }
        }
    }
}

/** A column that scrolls, for forms and lists of facts: not wider than is good to read. */
@Composable
internal fun Sheet(content: @Composable ColumnScope.() -> Unit) {
    Box(Modifier.fillMaxSize(), contentAlignment = Alignment.TopCenter) {
        Column(
            Modifier.widthIn(max = MOST_WIDTH).fillMaxWidth().verticalScroll(rememberScrollState()).padding(16.dp),
            verticalArrangement = Arrangement.spacedBy(16.dp),
            content = content,
        )
    }
}

/** An action shown as an icon; [label] is what it is called. */
@Composable
internal fun IconAction(icon: ImageVector, label: String, onClick: () -> Unit, modifier: Modifier = Modifier) {
    IconButton(onClick, modifier.size(TOUCH)) { Icon(icon, label) }
}

/** The main action of a screen, across its bottom. */
@Composable
internal fun MainAction(
    text: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    busy: Boolean = false,
) {
    Box(Modifier.fillMaxWidth().padding(16.dp), contentAlignment = Alignment.Center) {
        Button(
            onClick,
            modifier.widthIn(max = MOST_WIDTH).fillMaxWidth().heightIn(min = MAIN_TOUCH),
            enabled = enabled && !busy,
        ) {
            if (busy) {
                CircularProgressIndicator(Modifier.padding(end = 12.dp).size(20.dp), strokeWidth = 2.dp)
            }
            Text(text, style = MaterialTheme.typography.titleMedium, textAlign = TextAlign.Center)
        }
    }
}

/** Another action. */
@Composable
internal fun SideAction(
    text: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    icon: ImageVector? = null,
    enabled: Boolean = true,
) {
    OutlinedButton(onClick, modifier.heightIn(min = TOUCH), enabled = enabled) {
        if (icon != null) Icon(icon, null, Modifier.padding(end = 8.dp).size(20.dp))
        Text(text, textAlign = TextAlign.Center)
    }
}

/** What went wrong, and what can be done. Read out when it appears. */
@Composable
internal fun FailureCard(failure: Failure?, modifier: Modifier = Modifier, dismiss: (() -> Unit)? = null) {
    if (failure == null) return
    Notice(Icons.warning, failureText(failure), modifier, isBad = true, dismiss = dismiss)
}

/** Something to know. */
@Composable
internal fun Notice(
    icon: ImageVector,
    text: String,
    modifier: Modifier = Modifier,
    isBad: Boolean = false,
    dismiss: (() -> Unit)? = null,
) {
    val colours = MaterialTheme.colorScheme
    Surface(
        modifier.fillMaxWidth().semantics { liveRegion = LiveRegionMode.Polite },
        color = if (isBad) colours.errorContainer else colours.surfaceContainerHigh,
        contentColor = if (isBad) colours.onErrorContainer else colours.onSurface,
        shape = MaterialTheme.shapes.medium,
        border = outline(),
    ) {
        Row(Modifier.padding(start = 12.dp), verticalAlignment = Alignment.CenterVertically) {
            Icon(icon, null, Modifier.padding(vertical = 12.dp).size(24.dp))
            Text(text, Modifier.weight(1f).padding(12.dp), style = MaterialTheme.typography.bodyMedium)
            if (dismiss != null) IconAction(Icons.close, stringResource(R.string.dismiss), dismiss)
        }
    }
}

/** An outline where colours alone don't set surfaces apart. */
@Composable
internal fun outline(): BorderStroke? =
    if (LocalHighContrast.current) BorderStroke(2.dp, MaterialTheme.colorScheme.outline) else null

/** What is said instead of a list that is empty. */
@Composable
internal fun Empty(icon: ImageVector, title: String, text: String, modifier: Modifier = Modifier) {
    Column(
        modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(32.dp),
        horizontalAlignment = Alignment.CenterHorizontally,
        verticalArrangement = Arrangement.Center,
    ) {
        Icon(icon, null, Modifier.size(56.dp), tint = MaterialTheme.colorScheme.tertiary)
        Text(
            title,
            Modifier.padding(top = 16.dp).semantics { heading() },
            style = MaterialTheme.typography.titleMedium,
            textAlign = TextAlign.Center,
        )
        Text(
            text,
            Modifier.padding(top = 8.dp).widthIn(max = 420.dp),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
            textAlign = TextAlign.Center,
        )
    }
}

/** Something is being read. */
@Composable
internal fun Reading(modifier: Modifier = Modifier) {
    Box(modifier.fillMaxSize(), contentAlignment = Alignment.Center) { CircularProgressIndicator() }
}

/** The head of a part of a screen. */
@Composable
internal fun PartTitle(text: String, modifier: Modifier = Modifier) {
    Text(
        text,
        modifier.padding(top = 8.dp).semantics { heading() },
        style = MaterialTheme.typography.titleSmall,
        color = MaterialTheme.colorScheme.primary,
    )
}

/** A round picture of somebody or something: a letter or an icon. Says nothing that the text beside it doesn't. */
@Composable
internal fun Face(name: String, icon: ImageVector? = null) {
    val colours = MaterialTheme.colorScheme
    Box(
        Modifier.clearAndSetSemantics {}.size(TOUCH).clip(CircleShape)
            .background(if (icon == null) colours.primaryContainer else colours.tertiaryContainer),
        contentAlignment = Alignment.Center,
    ) {
        val colour = if (icon == null) colours.onPrimaryContainer else colours.onTertiaryContainer
        if (icon != null) {
            Icon(icon, null, tint = colour)
        } else {
            Text(
                name.take(name.offsetByCodePoints(0, minOf(1, name.codePointCount(0, name.length)))).uppercase(),
                color = colour,
                fontWeight = FontWeight.Bold,
                style = MaterialTheme.typography.titleMedium,
            )
        }
    }
}

/** Colours of a button that destroys. */
@Composable
internal fun destructive() = ButtonDefaults.textButtonColors(contentColor = MaterialTheme.colorScheme.error)
