import Heliograph
import HeliographKit
import SwiftUI

struct SearchView: View {
    @State var screen: Search
    let chosen: (ConversationID) -> Void

    var body: some View {
        List(screen.results, id: \.row) { message in
            Button {
                chosen(message.conversation)
            } label: {
                VStack(alignment: .leading) {
                    Text(verbatim: message.sender.name).font(.caption.bold())
                    Text(verbatim: message.text).lineLimit(3)
                }
            }
        }
        .overlay {
            if !screen.answered.isEmpty, screen.results.isEmpty {
                ContentUnavailableView.search(text: screen.answered)
            }
        }
        .searchable(text: $screen.query)
        .task(id: screen.query) { await screen.run() }
        .titled("Search", failure: $screen.failure)
    }
}
