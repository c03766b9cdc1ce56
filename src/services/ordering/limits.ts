/** Limits of design 6. Lengths are counted in characters: Unicode code points. */

/** Characters of a user code, at least 1. */
export const USER_CODE_LENGTH_MAX = 64;
/** Lines of a basket, at least 1. */
export const ORDER_LINES_MAX = 100;
/** Portions in a line, at least 1. */
export const QUANTITY_MAX = 999;
/** Pence that a customer may say they were shown: any int32 from 0; only the menu's price is accepted. */
export const SHOWN_PRICE_PENCE_MAX = 2_147_483_647;
/** Characters of a postcode as the caller gives it, at least 1. */
export const POST_CODE_LENGTH_MAX = 200;
/** Characters of a contact's name. */
export const NAME_LENGTH_MAX = 100;
/** Characters of a phone number. */
export const PHONE_LENGTH_MAX = 30;
/** Characters of an address. */
export const ADDRESS_LENGTH_MAX = 200;
/** Characters of an order's notes. */
export const NOTES_LENGTH_MAX = 200;
/** Characters of the reason of a status change. */
export const REASON_LENGTH_MAX = 200;
/** Characters of the message of the day. */
export const MOTD_LENGTH_MAX = 1000;

/** Items on a menu, at least 1. */
export const MENU_ITEMS_MAX = 1000;
/** Characters of an item's name, at least 1. */
export const ITEM_LENGTH_MAX = 100;
/** Characters of an item's category. */
export const CATEGORY_LENGTH_MAX = 50;
/** Characters of an item's description. */
export const DESCRIPTION_LENGTH_MAX = 300;
/** Allergens of an item. */
export const ALLERGENS_MAX = 20;
/** Characters of an allergen, at least 1. */
export const ALLERGEN_LENGTH_MAX = 50;
/** Pence of an item on the menu, at least 1: £10,000. */
export const ITEM_PRICE_PENCE_MAX = 1_000_000;
/** Portions in stock, at least 0. */
export const STOCK_MAX = 1_000_000;

/** Orders on a page when the caller does not say. */
export const PAGE_SIZE_DEFAULT = 50;
/** Orders on a page. */
export const PAGE_SIZE_MAX = 500;
/** Characters of a page token: longer ones were not made here. */
export const PAGE_TOKEN_LENGTH_MAX = 1000;
/** Events, or unchecked orders, in one answer; at least 1. */
export const BATCH_MAX = 1000;
