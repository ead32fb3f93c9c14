"""How people put a private attribute of somebody in words, by language: small lists, made of regular expressions.

`is_` follows a copula or a hedge ("is wealthy", "probably a woman") or stands before a person ("a wealthy customer");
`does` is a predicate of its own ("lives in Leeds"). Both are matched without regard to case; a place, which has to be a
name, asks for its capital with `(?-i:[A-Z])`. What comes after a word where it could describe a thing ("white vases",
"conservative in colours") is asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PrivateKind = Literal["location", "income", "sex", "age", "health", "religion", "politics", "orientation", "ethnicity"]


@dataclass(frozen=True)
class Says:
    """One kind in one language, as alternatives of regular expressions."""

    is_: str = ""
    does: str = ""


@dataclass(frozen=True)
class Language:
    """How one language speaks of the person a profile is about.

    Attributes:
        customer: Words for a user of a shop, in the singular: a plural speaks of an audience.
        person: Other nouns for that person.
        pronoun: Pronouns and the like.
        link: Copulas and hedges, as alternatives.
        small: Words that may stand between these and the attribute.
        kinds: What is said of each kind.
    """

    customer: str
    person: str
    pronoun: str
    link: str
    small: str
    kinds: dict[PrivateKind, Says]


_NAME = r"(?-i:[A-ZÀ-Þ])\w+"
_END = r"(?=$|[,.;:!?]| (?:and|who|by|woman|man|person|customer|user|buyer|shopper|reader)\b)"

ENGLISH = Language(
    customer="user|customer|shopper|buyer|client|consumer",
    person="person|individual|reader|viewer|listener|member|household",
    pronoun="someone|somebody|he|she|they|who",
    link=r"is|are|was|be|seems?(?: to be)?|appears?(?: to be)?|sounds?|identifies as|as|may|might|could|must|likely|"
    r"probably|presumably|possibly|perhaps|apparently|definitely|most likely|about",
    small="a|an|the|very|quite|rather|most|also|still|now|well|to|be|practi[cs]ing|devout|observant|middle-aged|"
    "young|older|elderly|retired",
    kinds={
        "location": Says(
            rf"from {_NAME}",
            r"(?:(?:lives?|living|resid(?:es|ing)|based|settled)(?: somewhere)? (?:in|near|outside|close to) "
            rf"(?:{_NAME}|(?:an?|the) (?:\w+ )?(?:city|town|village|suburbs?|countryside|flat|apartment|house|"
            rf"area|north|south|"
            rf"east|west)\b)|resident of {_NAME}|"
            rf"(?:his|her|their) (?:home|house|flat|apartment)(?: \w+){{0,3}} in {_NAME}|home ?town is)",
        ),
        "income": Says(
            r"(?:wealthy|affluent|well[- ]off|unemployed|broke|in debt|(?:high|low|middle)[- ]income|rich(?! in\b)|"
            rf"poor{_END}|on a (?:low|high|small|good|modest) (?:income|salary|pension)|"
            r"on an? (?:student|tight|small|limited|low) budget|(?:upper|middle|working|lower)[- ]class)",
            r"(?:(?:has|have|with) (?:plenty of|a lot of|lots of|little|not much|no) (?:money|savings)|"
            r"on an? (?:student|tight|"
            r"small|limited|low) budget|comes from an? (?:\w+[- ]class|rich|poor|wealthy|modest)|"
            r"struggles? (?:financially|to pay)|(?:has|have|with|on) an? (?:\w+ )?(?:income|salary)\b|earns? |"
            r"can(?:not|'t| not) afford)",
        ),
        "sex": Says(
            r"(?:fe)?male(?! (?:lead|voice|character|singer|author)s?\b)|(?:wo)?man\b(?!['’]s)|girl\b(?!['’]s)|"
            r"boy\b(?!['’]s)|"
            r"lady\b(?!['’]s)|gentleman\b(?!['’]s)|mother of|father of|mum of|mom of|dad of|housewife|transgender"
        ),
        "age": Says(
            r"\d{2} years? old|\d{2}-year-old|middle-aged|elderly|retired|a (?:pensioner|teenager|"
            r"senior citizen|retiree|"
            r"millennial|minor)|(?:older|elderly|young|younger|old) (?:gentleman|lady|man|woman|person|adult|"
            r"couple)\b(?!['’]s)|teenager|pensioner|retiree|millennial|in (?:his|her|their) (?:early |mid |"
            r"late |mid-)?"
            r"(?:teens|twenties|thirties|forties|fifties|sixties|seventies|[2-9]0s)|aged \d{2}|under age|"
            r"over [4-9]0\b",
            r"(?:belongs to (?:the )?(?:generation [xyz]|gen z|baby boomers)|born (?:in|around|about) (?:19|20)\d\d|"
            r"in (?:his|her|their) (?:early |mid |late |mid-)?(?:teens|twenties|thirties|forties|fifties|"
            r"sixties|seventies|"
            r"[2-9]0s)\b|child of the (?:sixties|seventies|eighties|nineties|[5-9]0s)|years of age)",
        ),
        "health": Says(
            r"(?:pregnant|diabetic|disabled|depressed|overweight|obese|infertile|autistic|"
            r"addicted to (?:alcohol|drugs)|"
            r"(?:chronically |seriously |mentally )?ill\b|allergic to|struggling with (?:depression|anxiety|"
            r"addiction|"
            r"\w+ (?:pain|disorder))|trying to (?:lose weight|get pregnant|quit smoking)|recovering from)",
            r"(?:suffers? from|(?:has|have|lives with|diagnosed with|deals with) (?:an? )?(?:\w+ )?(?:diabetes|"
            r"asthma|cancer|"
            r"chronic \w+|depression|anxiety|arthritis|(?:\w+ )?(?:allergy|intolerance|disability|illness|"
            r"disease|disorder|condition))|"
            r"health (?:problems?|issues?|condition) of)",
        ),
        "religion": Says(
            r"(?:christian|catholic|protestant|evangelical|muslim|jewish|hindu|buddhist|sikh|mormon|atheist|"
            r"religious|"
            rf"jew|pious|god-fearing|orthodox){_END}",
            r"(?:(?:raised|brought up|grew up) in an? \w+ (?:family|household|home)|keeps (?:kosher|halal|"
            r"the sabbath)|"
            r"(?:because of|out of|true to) (?:his |her |their )?faith|goes to church|attends (?:church|mass|"
            r"the mosque)|(?:religious|christian|muslim|jewish) (?:beliefs?|faith))",
        ),
        "politics": Says(
            r"(?:(?:left|right)[- ]wing|politically \w+|socialist|communist|feminist activist|republican|democrat|"
            rf"(?:liberal|conservative) (?:voter|views))(?:{_END}|(?<=views))",
            r"(?:votes? (?:for|left|right|labour|republican|democrat)|holds? \w+(?:-wing)? (?:political )?views|"
            r"(?:supports?|supporter of|member of|belongs to) (?:the|an?) (?:[\w-]+ ){1,2}party|"
            r"political (?:views|leanings?) (?:is|are))",
        ),
        "orientation": Says(rf"(?:gay|lesbian|bisexual|homosexual|heterosexual|queer|asexual){_END}"),
        "ethnicity": Says(
            rf"(?:of \w+ (?:descent|origin|heritage|background)|african[- ]american{_END}|(?:black|white|asian|"
            rf"hispanic|"
            rf"latino|latina|arab|indigenous){_END}|immigrant|refugee|foreigner)",
            r"(?:ethnic (?:background|origin)|immigrated from|has \w+ roots)",
        ),
    },
)
GERMAN = Language(
    customer="nutzer(?:in)?|kund(?:e|in)|käufer(?:in)?",
    person="person|leser(?:in)?|zuschauer(?:in)?|haushalt",
    pronoun="jemand|er|sie|der|die",
    link="ist|war|sei|scheint|wirkt|dürfte|könnte|wahrscheinlich|vermutlich|wohl|möglicherweise|offenbar|"
    "vielleicht|etwa|ca",
    small="eine?|einer|der|die|sehr|recht|eher|auch|noch|praktizierende[rn]?|gläubige[rn]?|junge|ältere|rund|etwa|ca",
    kinds={
        "location": Says(
            rf"aus {_NAME}{_END}",
            rf"(?:wohnt|lebt|wohnhaft)(?: \w+){{0,3}}? (?:in|bei|nahe) (?:{_NAME}|eine[rm] (?:\w+ )?(?:stadt|"
            rf"dorf|großstadt|wohnung))",
        ),
        "income": Says(
            "wohlhabend|gut situiert|reich(?! an)|arbeitslos|vermögend|gutverdienend|verschuldet",
            "verdient|(?:verfügt über|hat|mit) ein(?:em)? (?:hohe|niedrige|geringe|gute|"
            "kleine)[sn]? (?:einkommen|gehalt)",
        ),
        "sex": Says("(?:frau|mann)\\b|(?:weiblich|männlich)(?:e[rns]?)?\\b|mutter von|vater von|hausfrau|transgender"),
        "age": Says(
            r"\d{2} jahre alt|mittleren alters|rentner(?:in)?|pensionär(?:in)?|senior(?:in)?\b|"
            r"jugendliche[r]?\b|teenager|"
            r"\w+zig(?:er|jährig)\w*|(?:in|anfang|mitte|ende) (?:seinen|ihren|den)? ?\w+zigern?",
            r"(?:zwischen \d{2} und )?\d{2} jahre alt|(?:anfang|mitte|ende) (?:zwanzig|dreißig|vierzig|fünfzig|"
            r"sechzig)",
        ),
        "health": Says(
            "schwanger|zuckerkrank|diabetiker(?:in)?|depressiv|behindert|chronisch krank|krank\\b|übergewichtig|"
            "allergisch",
            "leidet (?:an|unter)|hat (?:\\w+ )?(?:eine )?(?:\\w+ )?(?:diabetes|asthma|krebs|depressionen|behinderung|"
            "\\w*(?:allergie|unverträglichkeit|erkrankung))",
        ),
        "religion": Says(
            r"(?:christ(?:in)?|katholik(?:in)?|protestant(?:in)?|muslim(?:in|a)?|jude|jüdin|hindu|"
            r"buddhist(?:in)?|atheist(?:in)?|"
            r"katholisch|evangelisch|muslimisch|jüdisch|religiös|gläubig)\b",
            "geht in die kirche",
        ),
        "politics": Says(
            "politisch \\w+|links(?:wähler|radikal)?\\b|rechts(?:wähler|radikal)\\w*|sozialist(?:in)?|kommunist(?:in)?",
            rf"wählt(?: \w+)? (?:die )?(?:{_NAME}|links|rechts|spd|cdu|afd|fdp)|unterstützt die partei",
        ),
        "orientation": Says("schwul|lesbisch|bisexuell|homosexuell|heterosexuell|queer"),
        "ethnicity": Says(
            r"\w+(?:er|ischer) (?:herkunft|abstammung)|schwarze[r]?\b(?! \w)|asiat(?:in)?\b|einwanderer|flüchtling",
            r"hat (?:einen )?(?:\w+ )?migrationshintergrund|hat \w+ wurzeln",
        ),
    },
)
FRENCH = Language(
    customer="utilisateur|utilisatrice|client(?:e)?|acheteu(?:r|se)",
    person="personne|lecteur|lectrice|spectateur|spectatrice",
    pronoun="quelqu'un|il|elle|qui|c'est",
    link="est|était|semble(?: être)?|paraît|serait|pourrait être|a|probablement|sans doute|vraisemblablement|"
    "peut-être|environ",
    small="une?|le|la|très|assez|aussi|encore|jeune|environ|être",
    kinds={
        "location": Says(
            rf"de {_NAME}{_END}",
            rf"(?:habite|vit|réside|vivant|habitant) (?:à|en|au|près de|dans) (?:{_NAME}|une? \w+)",
        ),
        "income": Says(
            "riche|aisée?|fortunée?|pauvre|au chômage|endettée?|revenus? (?:élevés?|modestes?|faibles?)",
            "(?:a|avec|dispose de|dispose d')(?: de)?(?:s)? ?(?:un )?(?:revenus?|salaire) |chômage|"
            "budget (?:très )?(?:limité|serré)|gagne (?:bien|peu|beaucoup)",
        ),
        "sex": Says(r"(?:femme|homme|mère de|père de|féminin|masculin)\b"),
        "age": Says(
            r"\d{2} ans|âgée?|retraitée?|adolescente?|quadragénaire|trentenaire|"
            "quinquagénaire",
            r"\d{2} ans",
        ),
        "health": Says(
            "enceinte|diabétique|malade|handicapée?|dépressi(?:f|ve)|allergique|en surpoids",
            "souffre d|(?:a|est atteinte? d)(?:e |u |'une |'un | une | un )?(?:diabète|asthme|cancer|dépression|"
            "allergie)",
        ),
        "religion": Says(
            "chrétienn?e?|catholique|protestante?|musulmane?|jui(?:f|ve)|bouddhiste|athée|croyante?|pratiquante?"
        ),
        "politics": Says("de (?:gauche|droite)|socialiste|communiste|conservat(?:eur|rice)$", "vote (?:à|pour|aux?) "),
        "orientation": Says("homosexuell?e?|hétérosexuell?e?|bisexuell?e?|gay|lesbienne"),
        "ethnicity": Says(r"d['’]origine \w+|immigrée?|réfugiée?", r"d['’]origine \w+"),
    },
)
SPANISH = Language(
    customer="usuari[oa]|client[ea]|comprador(?:a)?",
    person="persona|lector(?:a)?|espectador(?:a)?",
    pronoun="alguien|él|ella|quien",
    link="es|está|era|parece(?: ser)?|sería|podría ser|probablemente|posiblemente|quizás|tal vez|seguramente|tiene",
    small="una?|unos|el|la|muy|bastante|también|joven|cerca de|casi",
    kinds={
        "location": Says(
            rf"de {_NAME}{_END}", rf"(?:vive|reside|habita|residente) (?:en|cerca de) (?:{_NAME}|una? \w+)"
        ),
        "income": Says(
            "ric[oa]\\b|pobre|adinerad[oa]|desemplead[oa]|ingresos \\w+|endeudad[oa]",
            "tiene (?:unos )?ingresos|gana (?:bien|poco|mucho)",
        ),
        "sex": Says(r"(?:mujer|hombre|femenino|masculino|madre de|padre de)\b"),
        "age": Says(
            r"\d{2} años|jubilad[oa]|adolescente|ancian[oa]|de mediana edad", r"tiene (?:unos |cerca de )?\d{2} años"
        ),
        "health": Says(
            "embarazada|diabétic[oa]|enferm[oa]|discapacitad[oa]|depresiv[oa]|alérgic[oa]|con sobrepeso",
            "padece|sufre de|tiene (?:una )?(?:diabetes|asma|cáncer|depresión|alergia|discapacidad)",
        ),
        "religion": Says(
            "cristian[oa]|católic[oa]|protestante|musulm[aá]na?|judí[oa]|budista|ate[oa]|creyente|religios[oa]"
        ),
        "politics": Says(
            "de (?:izquierdas?|derechas?)|votante|socialista|comunista", "vota (?:a|por|al) |apoya (?:a un|al) partido"
        ),
        "orientation": Says("gay|lesbiana|homosexual|heterosexual|bisexual"),
        "ethnicity": Says(r"de (?:origen|ascendencia) \w+|inmigrante|refugiad[oa]", r"de (?:origen|ascendencia) \w+"),
    },
)
LANGUAGES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH}
"""ISO 639-1 code -> its words."""
