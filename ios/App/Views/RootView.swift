import Heliograph
import HeliographKit
import SwiftUI

/// The account's conversations, or the way to an account.
struct RootView: View {
    @Bindable var front: Front

    var body: some View {
        switch front.state {
        case .opening: ProgressView()
        case .signIn(let screen): SignInView(screen: screen) { client in await front.use(client) }
        case .broken(let failure):
            ContentUnavailableView {
                Label("The account can't be opened", systemImage: "lock")
            } description: {
                Text(verbatim: failure.advice)
            } actions: {
                Button("Try again") { Task { await front.tryAgain() } }
            }
        case .open(let session):
            InboxView(front: front, session: session)
                .disabled(front.obstacle != nil)
                .safeAreaInset(edge: .top) {
                    if let obstacle = front.obstacle {
                        Button {
                            Task { await front.tryAgain() }
                        } label: {
                            Label(obstacle.advice, systemImage: "hourglass").frame(maxWidth: .infinity)
                        }
                        .buttonStyle(.bordered)
                    }
                }
        }
    }
}
