import Heliograph
import HeliographKit
import SwiftUI

struct SearchView: View {
    @State var screen: Search
    let chosen: (ConversationID) -> Void

    var body: some View {
        List(screen.results, id: \.message.row) { hit in
            Button {
                chosen(hit.message.conversation)
            } label: {
                VStack(alignment: .leading) {
                    Text(verbatim: hit.message.sender.name).font(.caption.bold())
                    Text(hit.marked).lineLimit(3)
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

extension SearchHit {
    /// The excerpt with what was found in bold.
    fileprivate var marked: AttributedString {
        var text = AttributedString()
        var end = excerpt.startIndex
        for range in excerptRanges {
            text += AttributedString(excerpt[end..<range.lowerBound])
            var found = AttributedString(excerpt[range])
            found.inlinePresentationIntent = .stronglyEmphasized
            text += found
            end = range.upperBound
        }
        return text + AttributedString(excerpt[end...])
    }
}
