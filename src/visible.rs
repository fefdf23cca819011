//! Characters that a reader sees.

/// Whether a character leaves a mark on a page: it is no white space, no control character, and
/// none that Unicode tells programs to ignore where they cannot show it (`Default_Ignorable_Code_Point`
/// of `DerivedCoreProperties.txt`). A blank pattern of Braille leaves none either.
#[must_use]
pub fn is_visible(character: char) -> bool {
    let is_ignorable = matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !is_ignorable && !character.is_whitespace() && !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_signs_are_visible_and_spaces_and_marks_of_formatting_are_not() {
        for character in ['a', '.', 'é', 'ש', '\u{1f600}', '\u{301}', '\u{fffd}'] {
            assert!(is_visible(character), "{}", character.escape_unicode());
        }
        let invisible = [
            ' ',
            '\n',
            '\0',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{202e}',
            '\u{2060}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0020}',
        ];
        for character in invisible {
            assert!(!is_visible(character), "{}", character.escape_unicode());
        }
    }
}
