"""The words of the shop: departments, shelves, styles and the shelves that complete one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelf:
    """The narrowest category.

    Attributes:
        department: Upper category, e.g. `Home`.
        name: Lower category, e.g. `Kitchen`.
        nouns: What is sold there.
        variants: Sizes, materials or versions.
        uses: Ends the sentence "Made for ...".
        leads_to: Shelves (names) people turn to next.
        price: Typical price.
    """

    department: str
    name: str
    nouns: tuple[str, ...]
    variants: tuple[str, ...]
    uses: tuple[str, ...]
    leads_to: tuple[str, ...]
    price: float

    @property
    def category(self) -> str:
        """`Home > Kitchen`."""
        return f"{self.department} > {self.name}"


@dataclass(frozen=True)
class Style:
    """A look that runs through all shelves.

    Attributes:
        adjectives: Words of a title.
        phrases: Sentences of a description.
    """

    adjectives: tuple[str, ...]
    phrases: tuple[str, ...]


def _shelf(place: str, nouns: str, variants: str, uses: str, leads_to: str, price: float) -> Shelf:
    department, name = place.split(" > ")
    words = [tuple(word.strip() for word in text.split(",")) for text in (nouns, variants, uses, leads_to)]
    return Shelf(department, name, words[0], words[1], words[2], words[3], price)


SHELVES: tuple[Shelf, ...] = (
    _shelf("Home > Kitchen", "Chopping Board, Saucepan, Knife Set, Mixing Bowl, Frying Pan, Colander",
           "Small, Medium, Large, Family Size, Gift Boxed",
           "weeknight cooking, busy family kitchens, slow Sunday stews", "Tableware, Pantry", 38),
    _shelf("Home > Tableware", "Dinner Plate, Soup Bowl, Water Glass, Cutlery Set, Serving Platter, Café Cup",
           "White, Speckled, Gift Boxed, Everyday, Dishwasher Safe", "long dinners with friends, everyday breakfasts",
           "Pantry, Candles", 32),
    _shelf("Home > Pantry", "Ground Coffee, Loose Leaf Tea, Fruit Jam, Granola, Dark Chocolate, Spice Rub",
           "250 g, 500 g, 1 kg, Gift Tin, Refill", "a quiet morning, the store cupboard, sharing at the table",
           "Kitchen, Tableware", 11),
    _shelf("Home > Candles", "Scented Candle, Candle Holder, Reed Diffuser, Lantern, Tealight",
           "Small, Medium, Large, Twin Pack, Amber", "winter evenings, a calm bathroom, a table by the window",
           "Bedding, Wall Art", 19),
    _shelf("Living > Bedding", "Duvet Cover, Pillowcase, Fitted Sheet, Throw Blanket, Quilt",
           "Linen, Cotton, Sateen, Flannel, King Size", "warm sleepers, guest rooms, lazy weekends",
           "Lighting, Candles", 54),
    _shelf("Living > Lighting", "Table Lamp, Floor Lamp, Pendant Light, Wall Sconce, Reading Light",
           "Brass, Matt Black, Opal, Chrome, Dimmable", "reading corners, dark hallways, a warm living room",
           "Wall Art, Storage", 72),
    _shelf("Living > Wall Art", "Art Print, Picture Frame, Poster, Wall Clock, Mirror",
           "Small, Large, Oak, Black, White", "an empty wall, a gallery above the sofa", "Lighting, Storage", 35),
    _shelf("Living > Storage", "Storage Basket, Shelf Unit, Coat Rack, Drawer Organiser, Shoe Bench",
           "Small, Wide, Rattan, Pine, Oak", "tidy hallways, small flats, toys and blankets", "Desk, Bedding", 46),
    _shelf("Office > Desk", "Standing Desk, Desk Lamp, Monitor Stand, Desk Mat, Office Chair",
           "Walnut, White, Oak, Black, Compact", "a home office, long working days", "Stationery, Computing", 140),
    _shelf("Office > Stationery", "Notebook, Fountain Pen, Weekly Planner, Sketchbook, Pencil Case",
           "Pocket, Classic, Refillable, Gift Boxed, Student", "first drafts, meeting notes, letters to old friends",
           "Desk, Novels", 14),
    _shelf("Office > Computing", "Wireless Keyboard, Mouse, USB Hub, Laptop Sleeve, Webcam",
           "Compact, Travel, Grey, Black, Second Generation", "video calls, working from trains", "Audio, Desk", 58),
    _shelf("Electronics > Audio", "Headphones, Bookshelf Speaker, Earbuds, Soundbar, Record Player",
           "Mini, Mk II, Mk III, Black, Studio", "commutes, late-night listening, parties at home",
           "Phones, Computing", 120),
    _shelf("Electronics > Phones", "Phone Case, Charger, Power Bank, Screen Protector, Car Mount",
           "Slim, Travel, Twin Pack, Black, Clear", "long days out, the bedside table", "Cameras, Audio", 24),
    _shelf("Electronics > Cameras", "Instant Camera, Tripod, Camera Strap, Film Pack, Lens Cleaner",
           "Compact, Travel, Starter Kit, Black, Mk II", "city breaks, family albums", "Luggage, Phones", 66),
    _shelf("Outdoor > Camping", "Dome Tent, Camp Stove, Folding Chair, Cool Box, Head Torch",
           "Compact, Family, Lightweight, Expedition, Weekend", "wild camping, festival weekends", "Sleeping, Hiking",
           88),
    _shelf("Outdoor > Sleeping", "Sleeping Bag, Sleeping Mat, Travel Pillow, Hammock, Bag Liner",
           "Lightweight, Winter, Three Season, Compact, Wide", "cold nights under canvas, hut to hut walks",
           "Hiking, Camping", 64),
    _shelf("Outdoor > Hiking", "Rucksack, Trekking Pole, Water Bottle, Hiking Sock, Map Case",
           "Small, Large, Lightweight, Alpine, Trail", "long ridges, rainy valleys, day walks", "Jackets, Camping",
           42),
    _shelf("Outdoor > Cycling", "Bike Light, Pannier, Cycling Helmet, Hand Pump, Bell",
           "Compact, Urban, Touring, Gravel, Black", "night rides, the daily commute, gravel tracks",
           "Fitness, Hiking", 36),
    _shelf("Sport > Fitness", "Kettlebell, Resistance Band, Skipping Rope, Foam Roller, Dumbbell",
           "Light, Medium, Heavy, Studio, Home", "training at home, warming up", "Yoga, Trainers", 27),
    _shelf("Sport > Yoga", "Yoga Mat, Yoga Block, Meditation Cushion, Yoga Strap, Bolster",
           "Cork, Travel, Studio, Organic, Wide", "slow mornings, evening practice", "Fitness, Skin Care", 33),
    _shelf("Sport > Trainers", "Running Shoe, Trail Shoe, Gym Trainer, Insole, Running Belt",
           "Wide, Cushioned, Stability, Neutral, Reflective", "tempo runs, muddy trails, the gym", "Fitness, Jackets",
           86),
    _shelf("Clothing > Jackets", "Rain Jacket, Down Vest, Denim Jacket, Fleece, Parka",
           "Women's, Men's, Packable, Hooded, Padded", "drizzle and wind, spring evenings", "Knitwear, Hiking", 98),
    _shelf("Clothing > Knitwear", "Jumper, Cardigan, Beanie, Scarf, Roll Neck",
           "Lambswool, Cashmere, Chunky, Fine Knit, Ribbed", "frosty mornings, layering", "Shirts, Jackets", 62),
    _shelf("Clothing > Shirts", "Oxford Shirt, T-Shirt, Flannel Shirt, Polo, Blouse",
           "Slim, Regular, Relaxed, Linen, Striped", "the office, summer terraces", "Accessories, Knitwear", 39),
    _shelf("Clothing > Accessories", "Leather Belt, Tote Bag, Wallet, Sunglasses, Wristwatch",
           "Brown, Black, Tan, Slimline, Large", "every day, city days, gifts", "Shirts, Luggage", 49),
    _shelf("Travel > Luggage", "Cabin Suitcase, Weekend Bag, Packing Cube, Wash Bag, Passport Holder",
           "Small, Medium, Large, Black, Weekender", "short trips, carry-on only travel", "Accessories, Skin Care",
           76),
    _shelf("Beauty > Skin Care", "Face Cream, Hand Balm, Cleansing Oil, Serum, Clay Mask",
           "50 ml, 100 ml, Sensitive, Night, Unscented", "dry skin, after the sun, a short routine", "Hair, Candles",
           22),
    _shelf("Beauty > Hair", "Shampoo Bar, Conditioner, Hair Brush, Styling Wax, Hair Oil",
           "Fine Hair, Curly Hair, Travel Size, Scented, Unscented", "curls, daily washing, holidays",
           "Skin Care, Accessories", 15),
    _shelf("Books > Novels", "Crime Novel, Historical Novel, Short Stories, Ghost Story, Family Saga",
           "Paperback, Hardback, Illustrated, Volume I, Volume II", "train journeys, rainy afternoons",
           "Cookbooks, Stationery", 12),
    _shelf("Books > Cookbooks", "Baking Book, Vegetarian Cookbook, Bread Guide, Curry Cookbook, Jam Handbook",
           "Paperback, Hardback, Second Edition, Pocket, Illustrated", "curious cooks, hungry students",
           "Kitchen, Novels", 21),
    _shelf("Garden > Plants", "Herb Seed Set, Fern, Succulent, Wildflower Mix, Olive Tree",
           "Small, Large, Shade, Sunny Sill, Tray of 6", "balconies, bright windows, bees", "Tools, Planters", 13),
    _shelf("Garden > Tools", "Hand Trowel, Secateurs, Watering Can, Garden Fork, Kneeler",
           "Small, Large, Lightweight, Left-Handed, Long Reach", "raised beds, roses, heavy clay", "Planters, Plants",
           26),
    _shelf("Garden > Planters", "Plant Pot, Window Box, Hanging Planter, Raised Bed, Saucer",
           "Small, Large, Zinc, Glazed, Weathered", "patios, kitchen herbs, stairwells", "Plants, Lighting", 29),
    _shelf("Kids > Toys", "Building Blocks, Wooden Train, Puzzle, Soft Bear, Play Kitchen",
           "Age 2+, Age 4+, Large, Travel, Gift Boxed", "small hands, rainy days", "Picture Books, Kids Clothes", 28),
    _shelf("Kids > Picture Books", "Bedtime Story, Animal Book, Alphabet Book, Sticker Book, Fairy Tales",
           "Board Book, Paperback, Hardback, Large Format, Pocket", "bedtime, learning to read", "Toys, Kids Clothes",
           9),
    _shelf("Kids > Kids Clothes", "Dungarees, Rain Suit, Pyjamas, Sun Hat, Wellies",
           "2-3 Years, 4-5 Years, 6-7 Years, Organic, Twin Pack", "puddles, nursery, playgrounds", "Toys, Bedding",
           25),
    _shelf("Pets > Dogs", "Dog Bed, Dog Lead, Chew Toy, Dog Bowl, Dog Coat",
           "Small, Medium, Large, Washable, Reflective", "muddy walks, old dogs, puppies", "Pet Food, Hiking", 31),
    _shelf("Pets > Pet Food", "Dry Dog Food, Cat Treats, Dental Sticks, Salmon Pâté, Puppy Biscuits",
           "1 kg, 5 kg, Grain Free, Senior, Multipack", "fussy eaters, training", "Dogs, Cats", 17),
    _shelf("Pets > Cats", "Scratching Post, Cat Tunnel, Litter Tray, Cat Blanket, Feather Wand",
           "Small, Large, Compact, Washable, Felt", "indoor cats, window sills", "Pet Food, Storage", 23),
)  # fmt: skip

STYLES: tuple[Style, ...] = (
    Style(("Minimal", "Plain", "Nordic"), ("Clean lines and nothing superfluous.", "A quiet Scandinavian shape.")),
    Style(("Rustic", "Farmhouse", "Handmade"),
          ("Finished by hand, so no two are alike.", "A country feel that ages well.")),
    Style(("Vintage", "Retro", "Heritage"), ("Taken from a 1960s pattern.", "An old favourite, brought back.")),
    Style(("Sporty", "Active", "Pro"), ("Tested by athletes in hard use.", "Light, quick and ready to move.")),
    Style(("Luxury", "Signature", "Deluxe"), ("The finest grade we could find.", "Presented in a gift box.")),
    Style(("Eco", "Recycled", "Natural"), ("Made from recycled or renewable material.", "Packed without plastic.")),
    Style(("Playful", "Colourful", "Bright"),
          ("Cheerful colours that make people smile.", "Bold patterns, never dull.")),
    Style(("Smart", "Technical", "Modular"),
          ("Cleverly engineered, with spare parts sold.", "Works with the whole modular range.")),
)  # fmt: skip

BRANDS: tuple[str, ...] = (
    "Oakfell", "Marlowe & Pine", "Tidemark", "Fennick", "Brightwell", "Halden", "Corvane", "Löwenthal", "Ashcombe",
    "Mirabeau", "Stonegate", "Peregrine", "Lumière", "Wexford", "Juniper Lane", "Torvald", "Casa Nuez", "Kestrel",
    "Ember & Co", "Saltmarsh", "Nordhavn", "Thistle", "Bramley", "Quillon", "Verdane", "Hollis", "Arbour", "Pikku",
    "Montrose", "Sundial", "Greyfriars", "Alder", "Cobalt Yard", "Maison Bleu", "Rookery", "Tamsin", "Ostrava",
    "Fairholm", "Kindling", "Larkspur",
)  # fmt: skip

COLOURS: tuple[str, ...] = (
    "Sage", "Navy", "Charcoal", "Oat", "Rust", "Mustard", "Ivory", "Forest", "Plum", "Sky", "Sand", "Crimson", "Teal",
    "Slate", "Blush", "Copper",
)  # fmt: skip

USER_AGENTS: tuple[str, ...] = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/139.0 Mobile",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/139.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Firefox/141.0",
)

CRAWLER_AGENTS: tuple[str, ...] = ("PriceBot/2.1 (+https://example.com/bot)", "ExampleCrawler/1.4")
