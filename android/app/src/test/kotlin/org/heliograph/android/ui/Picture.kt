package org.heliograph.android.ui

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.Rect
import android.view.View
import java.io.ByteArrayOutputStream
import java.io.File
import kotlin.math.abs

/** A picture of a screen. */
internal class Picture(val bitmap: Bitmap) {
    /** The same, [width] pixels wide. Made in steps of a half, so that every pixel counts. */
    fun narrowed(width: Int): Picture {
        var now = bitmap
        while (now.width / 2 >= width) now = Bitmap.createScaledBitmap(now, now.width / 2, now.height / 2, true)
        return Picture(Bitmap.createScaledBitmap(now, width, now.height * width / now.width, true))
    }

    fun write(file: File) {
        checkNotNull(file.parentFile).mkdirs()
        file.writeBytes(encoded(Bitmap.CompressFormat.PNG))
    }

    /** As it is checked in: small, and with what that costs in quality. */
    fun asReference(): ByteArray = encoded(Bitmap.CompressFormat.JPEG)

    private fun encoded(format: Bitmap.CompressFormat): ByteArray = ByteArrayOutputStream().use {
        check(bitmap.compress(format, QUALITY, it))
        it.toByteArray()
    }

    /**
     * How different the most different part of the two is, from 0 to 255: the mean difference of colours in the worst square
     * of [SQUARE] pixels. A letter more or less in a line shows; how a curve is smoothed does not.
     */
    fun difference(other: Picture): Int {
        if (bitmap.width != other.bitmap.width || bitmap.height != other.bitmap.height) return MOST
        var worst = 0
        for (top in 0 until bitmap.height step SQUARE) {
            for (left in 0 until bitmap.width step SQUARE) worst = maxOf(worst, difference(other, left, top))
        }
        return worst
    }

    private fun difference(other: Picture, left: Int, top: Int): Int {
        var sum = 0
        var count = 0
        for (y in top until minOf(top + SQUARE, bitmap.height)) {
            for (x in left until minOf(left + SQUARE, bitmap.width)) {
                val (one, two) = bitmap.getPixel(x, y) to other.bitmap.getPixel(x, y)
                sum += abs(Color.red(one) - Color.red(two)) + abs(Color.green(one) - Color.green(two)) +
                    abs(Color.blue(one) - Color.blue(two))
                count += 3
            }
        }
        return sum / count
    }

    companion object {
        const val MOST = 255

        /** Of JPEG, from 0 to 100. */
        private const val QUALITY = 60
        private const val SQUARE = 8

        fun of(view: View): Picture {
            val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
            view.draw(Canvas(bitmap))
            return Picture(bitmap)
        }

        fun of(bytes: ByteArray): Picture =
            Picture(checkNotNull(BitmapFactory.decodeByteArray(bytes, 0, bytes.size)) { "no picture" })

        /** All of them on one sheet, [columns] in a row, with their names. */
        fun sheet(pictures: Map<String, Picture>, columns: Int): Picture {
            val cellWidth = pictures.values.maxOf { it.bitmap.width } + GAP
            val cellHeight = pictures.values.maxOf { it.bitmap.height } + GAP + LABEL
            val rows = (pictures.size + columns - 1) / columns
            val sheet = Bitmap.createBitmap(cellWidth * columns + GAP, cellHeight * rows + GAP, Bitmap.Config.ARGB_8888)
            val canvas = Canvas(sheet)
            canvas.drawColor(Color.GRAY)
            val paint = Paint().apply {
                color = Color.WHITE
                textSize = LABEL * 0.7f
            }
            pictures.entries.forEachIndexed { index, (name, picture) ->
                val x = GAP + index % columns * cellWidth
                val y = GAP + index / columns * cellHeight
                canvas.drawText(name, x.toFloat(), y + LABEL * 0.7f, paint)
                val place = Rect(x, y + LABEL, x + picture.bitmap.width, y + LABEL + picture.bitmap.height)
                canvas.drawBitmap(picture.bitmap, null, place, null)
            }
            return Picture(sheet)
        }

        private const val GAP = 8
        private const val LABEL = 20
    }
}
