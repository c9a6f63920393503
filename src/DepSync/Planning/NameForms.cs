using System.Collections.Frozen;
using System.Text;

namespace DepSync.Planning;

/// <summary>
/// Names as filesystems that ignore case, or that store letters and their accents in one form, compare them. The runtime has no normalisation without ICU, so the canonical
/// decompositions of the Basic Multilingual Plane (Unicode 15, without CJK compatibility ideographs) stand here. Pure, safe for concurrent calls.
/// </summary>
internal static class NameForms
{
    private const int HangulBase = 0xAC00;
    private const int HangulCount = 11_172;
    private const int VowelsAndTails = 588;
    private const int Tails = 28;

    /// <summary>Each row: a mark, then pairs of a letter that holds it and what is left of that letter without it.</summary>
    private static readonly string[] Rows =
    [
        "\u0300" + "ÀAÈEÌIÒOÙUàaèeìiòoùuǛÜǜüǸNǹnЀЕЍИѐеѝиḔĒḕēṐŌṑōẀWẁwẦÂầâẰĂằăỀÊềêỒÔồôỜƠờơỪƯừưỲYỳyἂἀἃἁἊἈἋἉἒἐἓἑἚἘἛἙἢἠἣἡἪἨἫἩἲἰἳἱἺἸἻἹὂὀὃὁὊὈὋὉὒὐὓὑὛὙὢὠὣὡὪὨὫὩ"
            + "ὰαὲεὴηὶιὸοὺυὼωᾺΑῈΕῊΗ\u1FCD\u1FBFῒϊῚΙ\u1FDD\u1FFEῢϋῪΥ\u1FED\u00A8ῸΟῺΩ",
        "\u0301" + "ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźzǗÜǘüǴGǵgǺÅǻåǼÆǽæǾØǿø\u0344\u0308\u0385\u00A8ΆΑΈΕΉΗΊΙΌΟΎΥΏΩΐϊάαέεήηίιΰϋόούυώωϓϒЃГЌК"
            + "ѓгќкḈÇḉçḖĒḗēḮÏḯïḰKḱkḾMḿmṌÕṍõṒŌṓōṔPṕpṸŨṹũẂWẃwẤÂấâẮĂắăẾÊếêỐÔốôỚƠớơỨƯứưἄἀἅἁἌἈἍἉἔἐἕἑἜἘἝἙἤἠἥἡἬἨἭἩἴἰἵἱἼἸἽἹὄὀὅὁὌὈὍὉὔὐὕὑὝὙὤὠὥὡὬὨὭὩ"
            + "\u1FCE\u1FBF\u1FDE\u1FFE",
        "\u0302" + "ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷyẐZẑzẬẠậạỆẸệẹỘỌộọ",
        "\u0303" + "ÃAÑNÕOãañnõoĨIĩiŨUũuṼVṽvẪÂẫâẴĂẵăẼEẽeỄÊễêỖÔỗôỠƠỡơỮƯữưỸYỹy",
        "\u0304" + "ĀAāaĒEēeĪIīiŌOōoŪUūuǕÜǖüǞÄǟäǠȦǡȧǢÆǣæǬǪǭǫȪÖȫöȬÕȭõȰȮȱȯȲYȳyӢИӣиӮУӯуḠGḡgḸḶḹḷṜṚṝṛᾱαᾹΑῑιῙΙῡυῩΥ",
        "\u0306" + "ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭuЎУЙИйиўуӁЖӂжӐАӑаӖЕӗеḜȨḝȩẶẠặạᾰαᾸΑῐιῘΙῠυῨΥ",
        "\u0307" + "ĊCċcĖEėeĠGġgİIŻZżzȦAȧaȮOȯoḂBḃbḊDḋdḞFḟfḢHḣhṀMṁmṄNṅnṖPṗpṘRṙrṠSṡsṤŚṥśṦŠṧšṨṢṩṣṪTṫtẆWẇwẊXẋxẎYẏyẛſ",
        "\u0308" + "ÄAËEÏIÖOÜUäaëeïiöoüuÿyŸYΪΙΫΥϊιϋυϔϒЁЕЇІёеїіӒАӓаӚӘӛәӜЖӝжӞЗӟзӤИӥиӦОӧоӪӨӫөӬЭӭэӰУӱуӴЧӵчӸЫӹыḦHḧhṎÕṏõṺŪṻūẄWẅwẌXẍxẗt",
        "\u0309" + "ẢAảaẨÂẩâẲĂẳăẺEẻeỂÊểêỈIỉiỎOỏoỔÔổôỞƠởơỦUủuỬƯửưỶYỷy",
        "\u030A" + "ÅAåaŮUůuẘwẙy",
        "\u030B" + "ŐOőoŰUűuӲУӳу",
        "\u030C" + "ČCčcĎDďdĚEěeĽLľlŇNňnŘRřrŠSšsŤTťtŽZžzǍAǎaǏIǐiǑOǒoǓUǔuǙÜǚüǦGǧgǨKǩkǮƷǯʒǰjȞHȟh",
        "\u030F" + "ȀAȁaȄEȅeȈIȉiȌOȍoȐRȑrȔUȕuѶѴѷѵ",
        "\u0311" + "ȂAȃaȆEȇeȊIȋiȎOȏoȒRȓrȖUȗu",
        "\u0313" + "ἀαἈΑἐεἘΕἠηἨΗἰιἸΙὀοὈΟὐυὠωὨΩῤρ",
        "\u0314" + "ἁαἉΑἑεἙΕἡηἩΗἱιἹΙὁοὉΟὑυὙΥὡωὩΩῥρῬΡ",
        "\u031B" + "ƠOơoƯUưu",
        "\u0323" + "ḄBḅbḌDḍdḤHḥhḲKḳkḶLḷlṂMṃmṆNṇnṚRṛrṢSṣsṬTṭtṾVṿvẈWẉwẒZẓzẠAạaẸEẹeỊIịiỌOọoỢƠợơỤUụuỰƯựưỴYỵy",
        "\u0324" + "ṲUṳu",
        "\u0325" + "ḀAḁa",
        "\u0326" + "ȘSșsȚTțt",
        "\u0327" + "ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţtȨEȩeḐDḑdḨHḩh",
        "\u0328" + "ĄAąaĘEęeĮIįiŲUųuǪOǫo",
        "\u032D" + "ḒDḓdḘEḙeḼLḽlṊNṋnṰTṱtṶUṷu",
        "\u032E" + "ḪHḫh",
        "\u0330" + "ḚEḛeḬIḭiṴUṵu",
        "\u0331" + "ḆBḇbḎDḏdḴKḵkḺLḻlṈNṉnṞRṟrṮTṯtẔZẕzẖh",
        "\u0338" + "\u219A\u2190\u219B\u2192\u21AE\u2194\u21CD\u21D0\u21CE\u21D4\u21CF\u21D2\u2204\u2203\u2209\u2208\u220C\u220B\u2224\u2223"
            + "\u2226\u2225\u2241\u223C\u2244\u2243\u2247\u2245\u2249\u2248\u2260\u003D\u2262\u2261\u226D\u224D\u226E\u003C\u226F\u003E"
            + "\u2270\u2264\u2271\u2265\u2274\u2272\u2275\u2273\u2278\u2276\u2279\u2277\u2280\u227A\u2281\u227B\u2284\u2282\u2285\u2283"
            + "\u2288\u2286\u2289\u2287\u22AC\u22A2\u22AD\u22A8\u22AE\u22A9\u22AF\u22AB\u22E0\u227C\u22E1\u227D\u22E2\u2291\u22E3\u2292"
            + "\u22EA\u22B2\u22EB\u22B3\u22EC\u22B4\u22ED\u22B5\u2ADC\u2ADD",
        "\u0342" + "ἆἀἇἁἎἈἏἉἦἠἧἡἮἨἯἩἶἰἷἱἾἸἿἹὖὐὗὑὟὙὦὠὧὡὮὨὯὩᾶα\u1FC1\u00A8ῆη\u1FCF\u1FBFῖιῗϊ\u1FDF\u1FFEῦυῧϋῶω",
        "\u0345" + "ᾀἀᾁἁᾂἂᾃἃᾄἄᾅἅᾆἆᾇἇᾈἈᾉἉᾊἊᾋἋᾌἌᾍἍᾎἎᾏἏᾐἠᾑἡᾒἢᾓἣᾔἤᾕἥᾖἦᾗἧᾘἨᾙἩᾚἪᾛἫᾜἬᾝἭᾞἮᾟἯᾠὠᾡὡᾢὢᾣὣᾤὤᾥὥᾦὦᾧὧᾨὨᾩὩᾪὪᾫὫᾬὬᾭὭᾮὮᾯὯᾲὰᾳαᾴάᾷᾶᾼΑῂὴῃηῄήῇῆῌΗῲὼῳωῴώῷῶῼΩ",
        "\u05B4" + "\uFB1D\u05D9",
        "\u05B7" + "\uFB1F\u05F2\uFB2E\u05D0",
        "\u05B8" + "\uFB2F\u05D0",
        "\u05B9" + "\uFB4B\u05D5",
        "\u05BC" + "\uFB30\u05D0\uFB31\u05D1\uFB32\u05D2\uFB33\u05D3\uFB34\u05D4\uFB35\u05D5\uFB36\u05D6\uFB38\u05D8\uFB39\u05D9\uFB3A\u05DA"
            + "\uFB3B\u05DB\uFB3C\u05DC\uFB3E\u05DE\uFB40\u05E0\uFB41\u05E1\uFB43\u05E3\uFB44\u05E4\uFB46\u05E6\uFB47\u05E7\uFB48\u05E8"
            + "\uFB49\u05E9\uFB4A\u05EA",
        "\u05BF" + "\uFB4C\u05D1\uFB4D\u05DB\uFB4E\u05E4",
        "\u05C1" + "\uFB2A\u05E9\uFB2C\uFB49",
        "\u05C2" + "\uFB2B\u05E9\uFB2D\uFB49",
        "\u0653" + "\u0622\u0627",
        "\u0654" + "\u0623\u0627\u0624\u0648\u0626\u064A\u06C0\u06D5\u06C2\u06C1\u06D3\u06D2",
        "\u0655" + "\u0625\u0627",
        "\u093C" + "\u0929\u0928\u0931\u0930\u0934\u0933\u0958\u0915\u0959\u0916\u095A\u0917\u095B\u091C\u095C\u0921\u095D\u0922\u095E\u092B\u095F\u092F",
        "\u09BC" + "\u09DC\u09A1\u09DD\u09A2\u09DF\u09AF",
        "\u09BE" + "\u09CB\u09C7",
        "\u09D7" + "\u09CC\u09C7",
        "\u0A3C" + "\u0A33\u0A32\u0A36\u0A38\u0A59\u0A16\u0A5A\u0A17\u0A5B\u0A1C\u0A5E\u0A2B",
        "\u0B3C" + "\u0B5C\u0B21\u0B5D\u0B22",
        "\u0B3E" + "\u0B4B\u0B47",
        "\u0B56" + "\u0B48\u0B47",
        "\u0B57" + "\u0B4C\u0B47",
        "\u0BBE" + "\u0BCA\u0BC6\u0BCB\u0BC7",
        "\u0BD7" + "\u0B94\u0B92\u0BCC\u0BC6",
        "\u0C56" + "\u0C48\u0C46",
        "\u0CC2" + "\u0CCA\u0CC6",
        "\u0CD5" + "\u0CC0\u0CBF\u0CC7\u0CC6\u0CCB\u0CCA",
        "\u0CD6" + "\u0CC8\u0CC6",
        "\u0D3E" + "\u0D4A\u0D46\u0D4B\u0D47",
        "\u0D57" + "\u0D4C\u0D46",
        "\u0DCA" + "\u0DDA\u0DD9\u0DDD\u0DDC",
        "\u0DCF" + "\u0DDC\u0DD9",
        "\u0DDF" + "\u0DDE\u0DD9",
        "\u0F72" + "\u0F73\u0F71",
        "\u0F74" + "\u0F75\u0F71",
        "\u0F80" + "\u0F76\u0FB2\u0F78\u0FB3\u0F81\u0F71",
        "\u0FB5" + "\u0F69\u0F40\u0FB9\u0F90",
        "\u0FB7" + "\u0F43\u0F42\u0F4D\u0F4C\u0F52\u0F51\u0F57\u0F56\u0F5C\u0F5B\u0F93\u0F92\u0F9D\u0F9C\u0FA2\u0FA1\u0FA7\u0FA6\u0FAC\u0FAB",
        "\u102E" + "\u1026\u1025",
        "\u1B35" + "\u1B06\u1B05\u1B08\u1B07\u1B0A\u1B09\u1B0C\u1B0B\u1B0E\u1B0D\u1B12\u1B11\u1B3B\u1B3A\u1B3D\u1B3C\u1B40\u1B3E\u1B41\u1B3F\u1B43\u1B42",
        "\u3099" + "がかぎきぐくげけごこざさじしずすぜせぞそだたぢちづつでてどとばはびひぶふべへぼほゔうゞゝガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハビヒブフベヘボホヴウヷワヸヰヹヱヺヲヾヽ",
        "\u309A" + "ぱはぴひぷふぺへぽほパハピヒプフペヘポホ",
    ];

    /// <summary>Letters that full case folding takes for others although neither is the capital of the other.</summary>
    private static readonly FrozenDictionary<char, string> Folds = new (char Letter, string Folded)[]
    {
        ('\u00DF', "ss"), ('\u1E9E', "ss"), ('\u017F', "s"), ('\u00B5', "\u03BC"), ('\u03C2', "\u03C3"), ('\u03D0', "\u03B2"), ('\u03D1', "\u03B8"),
        ('\u03D5', "\u03C6"), ('\u03D6', "\u03C0"), ('\u03F0', "\u03BA"), ('\u03F1', "\u03C1"), ('\u03F5', "\u03B5"), ('\u0345', "\u03B9"),
        ('\uFB00', "ff"), ('\uFB01', "fi"), ('\uFB02', "fl"), ('\uFB03', "ffi"), ('\uFB04', "ffl"), ('\uFB05', "st"), ('\uFB06', "st"),
    }.ToFrozenDictionary(pair => pair.Letter, pair => pair.Folded);

    private static readonly FrozenDictionary<char, (char Base, char Mark)> Decompositions = Parse();

    /// <summary>Equal for names that such a filesystem takes for one. A name that is not UTF-8 is folded in its ASCII letters alone.</summary>
    public static string Fold(ReadOnlySpan<byte> name)
    {
        if (Ascii.IsValid(name) || !System.Text.Unicode.Utf8.IsValid(name))
        {
            var lower = name.ToArray();
            for (var i = 0; i < name.Length; i++)
            {
                lower[i] |= lower[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)0x20 : (byte)0;
            }
            return Encoding.Latin1.GetString(lower);
        }
        var folded = new StringBuilder(name.Length);
        foreach (var letter in Encoding.UTF8.GetString(name))
        {
            Decompose(letter, folded);
        }
        return SortMarks(folded.ToString().ToLowerInvariant());
    }

    private static void Decompose(char letter, StringBuilder folded)
    {
        if (Decompositions.TryGetValue(letter, out var parts))
        {
            Decompose(parts.Base, folded);
            Decompose(parts.Mark, folded);
        }
        else if (Folds.TryGetValue(letter, out var letters))
        {
            folded.Append(letters);
        }
        else if (letter - HangulBase is >= 0 and < HangulCount and var syllable)
        {
            folded.Append((char)(0x1100 + (syllable / VowelsAndTails))).Append((char)(0x1161 + (syllable % VowelsAndTails / Tails)));
            if (syllable % Tails is > 0 and var tail)
            {
                folded.Append((char)(0x11A7 + tail));
            }
        }
        else
        {
            folded.Append(letter);
        }
    }

    /// <summary>Marks of one letter may stand in any order.</summary>
    private static string SortMarks(string text)
    {
        var letters = text.ToCharArray();
        for (int start = 0, end; start < letters.Length; start = end + 1)
        {
            for (end = start; end < letters.Length && char.GetUnicodeCategory(letters[end]) == System.Globalization.UnicodeCategory.NonSpacingMark; end++)
            {
            }
            letters.AsSpan(start, end - start).Sort();
        }
        return new string(letters);
    }

    private static FrozenDictionary<char, (char Base, char Mark)> Parse() =>
        Rows.SelectMany(static row => row.Skip(1).Chunk(2).Select(pair => KeyValuePair.Create(pair[0], (pair[1], row[0])))).ToFrozenDictionary();
}
