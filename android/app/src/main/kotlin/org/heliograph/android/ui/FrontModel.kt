package org.heliograph.android.ui

import android.os.Bundle
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.CreationExtras
import org.heliograph.android.state.FrontDoor
import org.heliograph.android.state.Shell
import kotlin.reflect.KClass

/** Keeps the screens over a rotation, and where the user was over the death of the process. */
internal class FrontModel(shell: Shell, saved: SavedStateHandle) : ViewModel() {
    val door = FrontDoor(shell, viewModelScope, saved.get<Bundle>(PLACE)?.getStringArrayList(STACK).orEmpty())

    init {
        saved.setSavedStateProvider(PLACE) { Bundle().apply { putStringArrayList(STACK, ArrayList(door.save())) } }
    }

    class Factory(private val shell: Shell) : ViewModelProvider.Factory {
        override fun <T : ViewModel> create(modelClass: KClass<T>, extras: CreationExtras): T {
            @Suppress("UNCHECKED_CAST") // The activity asks for nothing else.
            return FrontModel(shell, extras.createSavedStateHandle()) as T
        }
    }

    private companion object {
        const val PLACE = "place"
        const val STACK = "stack"
    }
}
