package org.heliograph.android.ui

import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.PathParser
import androidx.compose.ui.unit.dp
import org.heliograph.DeliveryState

/** The app's icons: lines of one width on a grid of 24, drawn for this app. */
internal object Icons {
    private const val SIZE = 24f

    val back = icon("M20 12H4M11 5L4 12L11 19", mirrored = true)
    val add = icon("M12 5V19M5 12H19")
    val close = icon("M6 6L18 18M18 6L6 18")
    val send = icon("M4 4L21 12L4 20L7 12ZM7 12H13", mirrored = true)
    val search = icon("M10.5 4A6.5 6.5 0 1 1 10.5 17A6.5 6.5 0 1 1 10.5 4ZM15.5 15.5L20.5 20.5")
    val settings = icon("M4 7H12M18 7H20M4 17H6M12 17H20M15 4.5V9.5M9 14.5V19.5")
    val signal = icon("M5 20V16M10 20V12M15 20V8M20 20V4")
    val lock = icon("M6 11H18V20H6ZM8.5 11V7.5A3.5 3.5 0 0 1 15.5 7.5V11")
    val open = icon("M6 11H18V20H6ZM8.5 11V7A3.5 3.5 0 0 1 15 5.5")
    val warning = icon("M12 4L21.5 20H2.5ZM12 10V14.5M12 17.2V17.4")
    val clock = icon("M12 3.5A8.5 8.5 0 1 1 12 20.5A8.5 8.5 0 1 1 12 3.5ZM12 7.5V12.5L15.5 14.5")
    val check = icon("M5 12.5L10 17.5L19.5 7")
    val checks = icon("M2.5 12.5L7 17L15.5 7.5M12 16.2L13 17L21.5 7.5")
    val people = icon(
        "M9 5A3.2 3.2 0 1 1 9 11.4A3.2 3.2 0 1 1 9 5ZM3 19.5A6 6 0 0 1 15 19.5M15.5 5.4A3 3 0 0 1 15.5 11M17.5 14.2A6 6 0 0 1 21 19.5",
    )
    val invite = icon("M10 5A3.5 3.5 0 1 1 10 12A3.5 3.5 0 1 1 10 5ZM3.5 20A6.5 6.5 0 0 1 16.5 20M19 8V14M16 11H22")
    val code = icon("M4 4H10V10H4ZM14 4H20V10H14ZM4 14H10V20H4ZM14 14H16V16M20 14V16M14 20H16M18 18H20V20")
    val share = icon("M12 15V4M7.5 8L12 3.5L16.5 8M5 13V20H19V13")
    val copy = icon("M9 9H20V20H9ZM5 15H4V4H15V5")
    val retry = icon("M19.5 12A7.5 7.5 0 1 1 17 6.4M17.5 2.5V7H13")
    val trash = icon("M5 7H19M10 4H14M7 7L8 20H16L17 7")
    val sun =
        icon(
            "M12 8A4 4 0 1 1 12 16A4 4 0 1 1 12 8ZM12 2.5V4.5M12 19.5V21.5M2.5 12H4.5M19.5 12H21.5M5.3 5.3L6.7 6.7M17.3 17.3L18.7 18.7M5.3 18.7L6.7 17.3M17.3 6.7L18.7 5.3",
        )
    val eye =
        icon("M2.5 12C6 5.5 18 5.5 21.5 12C18 18.5 6 18.5 2.5 12ZM12 9.5A2.5 2.5 0 1 1 12 14.5A2.5 2.5 0 1 1 12 9.5Z")
    val down = icon("M12 4V20M5 13L12 20L19 13")

    private fun icon(path: String, mirrored: Boolean = false): ImageVector =
        ImageVector.Builder("icon", SIZE.dp, SIZE.dp, SIZE, SIZE, autoMirror = mirrored).addPath(
            pathData = PathParser().parsePathString(path).toNodes(),
            stroke = SolidColor(Color.Black),
            strokeLineWidth = 2f,
            strokeLineCap = StrokeCap.Round,
            strokeLineJoin = StrokeJoin.Round,
        ).build()
}

/** How far a message of ours has got, in a picture. */
internal fun deliveryIcon(state: DeliveryState): ImageVector = when (state) {
    DeliveryState.QUEUED, DeliveryState.SENDING -> Icons.clock
    DeliveryState.SENT, DeliveryState.ARCHIVED -> Icons.check
    DeliveryState.DELIVERED -> Icons.checks
    DeliveryState.DISPLAYED -> Icons.eye
    DeliveryState.FAILED -> Icons.warning
    DeliveryState.DISCARDED -> Icons.trash
}
