import HeliographCore

extension Client {
    /// Messages that hold all words of the query (the last one may be the beginning of a word), newest first; everywhere,
    /// or within one conversation. Any text is a valid query. Each tells where the words stand.
    public func search(
        _ query: String,
        within conversation: ConversationID? = nil,
        limit: UInt32 = 50
    ) async throws(HeliographError) -> [SearchHit] {
        try await attempt { try await core.search(query: query, within: conversation?.number, limit: limit) }
    }
}

extension SearchHit {
    /// Where in the message's text the words of the query stand, in order and apart from each other. A word of which only the
    /// beginning was asked for is marked whole.
    public var textRanges: [Range<String.Index>] {
        message.text.ranges(of: marks)
    }

    /// The same in the excerpt, the part of the text around the first of them.
    public var excerptRanges: [Range<String.Index>] {
        excerpt.ranges(of: excerptMarks)
    }
}

extension String {
    /// What the core counts in bytes of UTF-8.
    func ranges(of marks: [TextRange]) -> [Range<String.Index>] {
        marks.map { index(ofByte: $0.start)..<index(ofByte: $0.end) }
    }

    private func index(ofByte offset: UInt32) -> String.Index {
        utf8.index(startIndex, offsetBy: Int(offset), limitedBy: endIndex) ?? endIndex
    }
}
