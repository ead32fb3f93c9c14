"""Names that logs give to columns and event types, by what they mean. Names are compared without case and punctuation.

Within a field the earlier name goes before the later one.
"""

from __future__ import annotations

import re
from typing import Final


def normalised(name: str) -> str:
    """A name in small letters and digits only: `Customer_ID` and `customerId` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _names(text: str) -> list[str]:
    return text.split()


ITEM_NAMES: Final = _names(
    """
        itemid item productid product sku skuid asin parentasin stockcode movieid movie filmid articleid article
        songid trackid track artistid bookid isbn videoid gameid hotelid poiid locationid venueid businessid
        newsid adid goodsid offerid contentid listingid recipeid upc productcode itemcode iid
    """
)

EVENT_NAMES: Final[dict[str, list[str]]] = {
    "event_at": _names(
        """
        eventat eventtime eventtimestamp timestamp time ts datetime eventdate date invoicedate orderdate
        purchasedate transactiontimestamp transactiondate transactiontime createdat createdtime timestampms
        timestampsec unixreviewtime unixtime epoch ratedat clickedat orderedat viewedat visittime servertime
        servertimestamp reviewtime checkintime tdat day t
    """
    ),
    "user_id": _names(
        """
        userid user customerid customer visitorid visitor reviewerid clientid memberid accountid householdid
        household buyerid subscriberid personid profileid viewerid uid deviceid cookieid custid customeruniqueid
        author authorid
    """
    ),
    "item_id": ITEM_NAMES,
    "event_type": _names(
        """
        eventtype event eventname action actiontype type behaviortype behavior behaviour interaction
        interactiontype activity kind
    """
    ),
    "event_id": _names("eventid logid uuid interactionid eventuuid"),
    "session_id": _names(
        """
        sessionid session usersession visitid visit invoiceno invoice invoiceid orderid basketid basket
        transactionid cartid ordernumber
    """
    ),
    "impression_id": _names("impressionid impression requestid slateid listid"),
    "value": _names("rating score stars overall value ratingvalue reviewscore preference"),
    "quantity": _names("quantity qty count units amountofitems nitems"),
    "price": _names("price unitprice saleprice itemprice salesvalue amount revenue"),
    "position": _names("position rank slot pos place"),
    "propensity": _names("propensity propensityscore pscore actionprob probability"),
    "query": _names("query searchquery searchterm keyword keywords"),
    "user_agent": _names("useragent agent browser"),
    "item_title": _names("itemtitle title productname producttitle itemname productdescription description name"),
    "country": _names("country countrycode"),
    "currency": _names("currency currencycode isocurrency"),
}
CATALOGUE_NAMES: Final[dict[str, list[str]]] = {
    "item_id": [*ITEM_NAMES, "id"],
    "title": _names("title itemtitle productname producttitle itemname name movietitle producttype"),
    "description": _names("description productdescription itemdescription overview summary plot text abstract"),
    "category": _names(
        """
        category categories genres genre maincategory productcategory categorypath categorycode department
        subcategory categoryid productgroup tags
    """
    ),
    "brand": _names("brand manufacturer vendor publisher brandname label"),
    "price": _names("price unitprice listprice"),
    "available_from": ["availablefrom"],
    "withdrawn_at": ["withdrawnat"],
}
OUTCOME_NAMES: Final[dict[str, str]] = {
    **dict.fromkeys(("click", "clicked", "isclick", "isclicked", "clicks"), "click"),
    **dict.fromkeys(("purchase", "purchased", "conversion", "converted", "bought", "ispurchase"), "purchase"),
}
"""Columns of 0 and 1 that say what became of an impression."""

KNOWN_NAMES: Final = frozenset(
    name for names in (*EVENT_NAMES.values(), *CATALOGUE_NAMES.values()) for name in names
) | frozenset(OUTCOME_NAMES)

TYPE_WEIGHTS: Final[tuple[tuple[str, float, str], ...]] = (
    (r"remove|delete|unlike|dislike|return|refund|cancel|skip|hide", 0, "undoes or refuses something"),
    (r"impress|shown|display|exposure|recommended|viewitemlist|listviewed|promotion", 0, "was shown, not chosen"),
    (r"search|query|login|logout|scroll", 0, "is about no item"),
    (r"begincheckout|checkoutst|shippinginfo|paymentinfo|payment(method)?entered", 3, "comes close to a purchase"),
    (r"purchase|buy|bought|order|transaction|conver|checkout|paid|sale", 5, "is a purchase"),
    (r"cart|basket|bag|productadded$", 3, "comes close to a purchase"),
    (r"fav|like|wish|save|bookmark|share|collect|follow", 2, "says that the item pleased"),
    (r"rating|rate|review", 1, "is a rating"),
    (
        r"click|select|view|^pv$|visit|open|detail|play|listen|watch|read|interaction|checkin",
        1,
        "is a look at the item",
    ),
)
"""Pattern searched in the normalised event type, weight, and why; the first that matches counts."""

RETURN_TYPE: Final = re.compile(r"return|refund|cancel")
