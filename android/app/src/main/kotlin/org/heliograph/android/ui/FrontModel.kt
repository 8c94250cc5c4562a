package org.heliograph.android.ui

import androidx.core.os.bundleOf
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.ViewModelProvider
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.CreationExtras
import kotlin.reflect.KClass
import org.heliograph.android.state.FrontDoor
import org.heliograph.android.state.Shell

/** Keeps the screens over a rotation, and where the user was over the death of the process. */
internal class FrontModel(shell: Shell, saved: SavedStateHandle) : ViewModel() {
    val door = FrontDoor(shell, viewModelScope, saved.get<android.os.Bundle>(PLACE)?.getStringArrayList(STACK).orEmpty())

    init {
        saved.setSavedStateProvider(PLACE) { bundleOf(STACK to ArrayList(door.save())) }
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
