import Heliograph
import SwiftUI

/// What screens of their own have in common: a stack, a title, and the failure of what was asked for.
private struct Titled: ViewModifier {
    let title: LocalizedStringKey
    @Binding var failure: HeliographError?

    func body(content: Content) -> some View {
        NavigationStack { content.navigationTitle(title).alert($failure) }
    }
}

/// Shows a screen's failure until it is closed.
private struct FailureAlert: ViewModifier {
    @Binding var failure: HeliographError?

    func body(content: Content) -> some View {
        content.alert("That did not work", isPresented: .constant(failure != nil), presenting: failure) { _ in
            Button("OK") { failure = nil }
        } message: { failure in
            Text(verbatim: failure.advice)
        }
    }
}

extension View {
    /// Shows this as a screen of its own.
    func titled(_ title: LocalizedStringKey, failure: Binding<HeliographError?>) -> some View {
        modifier(Titled(title: title, failure: failure))
    }

    /// Shows what went wrong.
    func alert(_ failure: Binding<HeliographError?>) -> some View {
        modifier(FailureAlert(failure: failure))
    }
}
