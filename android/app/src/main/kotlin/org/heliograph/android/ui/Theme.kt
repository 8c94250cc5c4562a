package org.heliograph.android.ui

import android.os.Build
import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.dynamicDarkColorScheme
import androidx.compose.material3.dynamicLightColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.unit.dp
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.Preferences

/** Whatever is touched is at least this large: the least that Android's and WCAG's rules on targets allow. */
internal val TOUCH = 48.dp

/** The main action of a screen: found with a glove, walking. */
internal val MAIN_TOUCH = 56.dp

/** Wider columns of text and fields are hard to read. */
internal val MOST_WIDTH = 640.dp

/** Whether surfaces need outlines, because colours alone don't set them apart. */
internal val LocalHighContrast = staticCompositionLocalOf { false }

/** Sky and brass: blue for what is ours, amber for what signals. */
private val LIGHT = lightColorScheme(
    primary = Color(0xFF005B8C),
    onPrimary = Color.White,
    primaryContainer = Color(0xFFCDE5FF),
    onPrimaryContainer = Color(0xFF001D32),
    secondary = Color(0xFF4F616E),
    secondaryContainer = Color(0xFFD5E4F2),
    onSecondaryContainer = Color(0xFF0C1D29),
    tertiary = Color(0xFF7A5300),
    onTertiary = Color.White,
    tertiaryContainer = Color(0xFFFFDEAC),
    onTertiaryContainer = Color(0xFF271900),
    error = Color(0xFFB3261E),
    errorContainer = Color(0xFFFFDAD5),
    onErrorContainer = Color(0xFF410001),
    background = Color(0xFFFAFCFF),
    onBackground = Color(0xFF171C20),
    surface = Color(0xFFFAFCFF),
    onSurface = Color(0xFF171C20),
    surfaceVariant = Color(0xFFDEE3EA),
    onSurfaceVariant = Color(0xFF3C444B),
    surfaceContainerLow = Color(0xFFF3F6FA),
    surfaceContainer = Color(0xFFEBF0F5),
    surfaceContainerHigh = Color(0xFFE4EAF0),
    surfaceContainerHighest = Color(0xFFDDE4EA),
    outline = Color(0xFF6B747C),
    outlineVariant = Color(0xFFC1C9D1),
)

private val DARK = darkColorScheme(
    primary = Color(0xFF94CCFF),
    onPrimary = Color(0xFF003351),
    primaryContainer = Color(0xFF004A73),
    onPrimaryContainer = Color(0xFFCDE5FF),
    secondary = Color(0xFFB8C8D8),
    secondaryContainer = Color(0xFF384956),
    onSecondaryContainer = Color(0xFFD5E4F2),
    tertiary = Color(0xFFFFBA3D),
    onTertiary = Color(0xFF412D00),
    tertiaryContainer = Color(0xFF5D4200),
    onTertiaryContainer = Color(0xFFFFDEAC),
    error = Color(0xFFFFB4AA),
    errorContainer = Color(0xFF7E1511),
    onErrorContainer = Color(0xFFFFDAD5),
    background = Color(0xFF0F1418),
    onBackground = Color(0xFFDFE3E8),
    surface = Color(0xFF0F1418),
    onSurface = Color(0xFFDFE3E8),
    surfaceVariant = Color(0xFF41484E),
    onSurfaceVariant = Color(0xFFC3CBD3),
    surfaceContainerLow = Color(0xFF171C20),
    surfaceContainer = Color(0xFF1B2024),
    surfaceContainerHigh = Color(0xFF262B2F),
    surfaceContainerHighest = Color(0xFF31363A),
    outline = Color(0xFF8B939B),
    outlineVariant = Color(0xFF41484E),
)

/** For sunlight: nothing between ink and paper but what must be told apart. */
private fun contrast(others: ColorScheme, paper: Color, ink: Color, accent: Color): ColorScheme = others.copy(
    primary = accent,
    onPrimary = paper,
    primaryContainer = accent,
    onPrimaryContainer = paper,
    surfaceTint = accent,
    secondary = ink,
    secondaryContainer = accent,
    onSecondaryContainer = paper,
    onTertiary = paper,
    onTertiaryContainer = ink,
    onErrorContainer = ink,
    background = paper,
    onBackground = ink,
    surface = paper,
    onSurface = ink,
    surfaceVariant = paper,
    onSurfaceVariant = ink,
    surfaceContainerLow = paper,
    surfaceContainer = paper,
    surfaceContainerHigh = paper,
    surfaceContainerHighest = paper,
    outline = ink,
    outlineVariant = ink,
)

private val LIGHT_CONTRAST = contrast(
    lightColorScheme(
        tertiary = Color(0xFF4A2F00),
        tertiaryContainer = Color(0xFFFFE9C7),
        error = Color(0xFF7A0005),
        errorContainer = Color(0xFFFFE5E2),
    ),
    paper = Color.White,
    ink = Color.Black,
    accent = Color(0xFF002B47),
)

private val DARK_CONTRAST = contrast(
    darkColorScheme(
        tertiary = Color(0xFFFFD54F),
        tertiaryContainer = Color(0xFF3A2A00),
        error = Color(0xFFFFB4AA),
        errorContainer = Color(0xFF4A0000),
    ),
    paper = Color.Black,
    ink = Color.White,
    accent = Color(0xFFFFD54F),
)

/** The app's colours, as the user wants them. */
@Composable
internal fun HeliographTheme(preferences: Preferences = Preferences(), content: @Composable () -> Unit) {
    CompositionLocalProvider(LocalHighContrast provides preferences.highContrast) {
        MaterialTheme(colorScheme = colours(preferences, isDark(preferences)), content = content)
    }
}

/** Whether the app is dark now. */
@Composable
internal fun isDark(preferences: Preferences): Boolean = when (preferences.brightness) {
    Brightness.SYSTEM -> isSystemInDarkTheme()
    Brightness.LIGHT -> false
    Brightness.DARK -> true
}

@Composable
private fun colours(preferences: Preferences, dark: Boolean): ColorScheme {
    val offersDynamic = Build.VERSION.SDK_INT >= Build.VERSION_CODES.S
    return when {
        preferences.highContrast -> if (dark) DARK_CONTRAST else LIGHT_CONTRAST

        preferences.dynamicColour && offersDynamic -> LocalContext.current.let {
            if (dark) dynamicDarkColorScheme(it) else dynamicLightColorScheme(it)
        }

        else -> if (dark) DARK else LIGHT
    }
}
