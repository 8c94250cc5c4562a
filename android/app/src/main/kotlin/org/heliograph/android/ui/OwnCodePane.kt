package org.heliograph.android.ui

import android.content.Intent
import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import com.google.zxing.EncodeHintType
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import com.google.zxing.qrcode.encoder.ByteMatrix
import com.google.zxing.qrcode.encoder.Encoder
import org.heliograph.android.R
import org.heliograph.android.state.OwnCodeState

/** Our own address, to be scanned by others. */
@Composable
internal fun OwnCodePane(state: OwnCodeState, back: () -> Unit) {
    val context = LocalContext.current
    val uri = state.uri
    val title = stringResource(R.string.share)
    Page(
        title = stringResource(R.string.own_code),
        back = back,
        bottom = {
            MainAction(
                title,
                {
                    val send = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, uri)
                    context.startActivity(Intent.createChooser(send, title))
                },
                enabled = uri != null,
            )
        },
    ) {
        if (uri == null && state.failure == null) {
            Reading()
            return@Page
        }
        Sheet {
            FailureCard(state.failure)
            if (uri != null) QrCode(uri, Modifier.align(Alignment.CenterHorizontally))
            Text(
                state.address,
                Modifier.fillMaxWidth(),
                style = MaterialTheme.typography.titleMedium.copy(textDirection = TextDirection.Ltr),
                textAlign = TextAlign.Center,
            )
            Text(
                stringResource(R.string.own_code_text),
                Modifier.fillMaxWidth(),
                style = MaterialTheme.typography.bodyMedium,
                textAlign = TextAlign.Center,
            )
        }
    }
}

/** A QR code, black on white in every theme: scanners expect that. */
@Composable
private fun QrCode(text: String, modifier: Modifier) {
    val matrix = remember(text) { qrMatrix(text) }
    val spoken = stringResource(R.string.own_code_spoken)
    Canvas(
        modifier.widthIn(max = 360.dp).fillMaxWidth().aspectRatio(1f).clip(MaterialTheme.shapes.medium)
            .background(Color.White).padding(8.dp).testTag("qr").semantics {
                contentDescription = spoken
                role = Role.Image
            },
    ) {
        // ISO/IEC 18004 §6.3.8: four modules of white around it.
        val module = size.width / (matrix.width + 2 * QUIET)
        for (y in 0 until matrix.height) {
            for (x in 0 until matrix.width) {
                if (matrix.get(x, y).toInt() == 1) {
                    // A little larger than a module, so that no white lines show between them.
                    val corner = Offset((x + QUIET) * module, (y + QUIET) * module)
                    drawRect(Color.Black, corner, Size(module + OVERLAP, module + OVERLAP))
                }
            }
        }
    }
}

private fun qrMatrix(text: String): ByteMatrix =
    Encoder.encode(text, ErrorCorrectionLevel.M, mapOf(EncodeHintType.CHARACTER_SET to "UTF-8")).matrix

private const val QUIET = 4
private const val OVERLAP = 0.5f
